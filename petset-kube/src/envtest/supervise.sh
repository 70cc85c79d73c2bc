# Runs a program until it ends, or until whoever holds the other end of the standard input is gone, however it went.
# The first argument is a folder that goes with it in the second case.
folder=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
echo "$program" >"$folder/$(basename "$1").pid"
{
  read -r _ <&3
  trap '' TERM
  kill -KILL "$program" 2>/dev/null
  until rm -rf "$folder" 2>/dev/null; do sleep 0.1; done
} &
reader=$!
wait "$program"
code=$?
kill "$reader" 2>/dev/null
exit "$code"
