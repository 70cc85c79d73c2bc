# Builds the view of one container and becomes its program, keeping the pid.
#
# Arguments: this text, where to report, hostname (empty: leave it), staging directory, working directory, PATH of the
# program, whether a new root is needed (root, or empty), then `ro|rw source target` per mount, `--`, the program and
# its arguments. Nothing of these is ever read as shell text.
#
# The report is empty at first, `ok` once the program is about to be run, else a reason and a sentence.
# Sources are gathered first, below the working directory of this script, so that no mount can hide a later source.
script=$1 report=$2 name=$3 view=$4 dir=$5 path=$6 root=$7
shift 7
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ -n "$report" ] && exec 9>"$report"

fail() {
    printf '%s\n%s\n' "$1" "$2" >&9
    exit 125
}

try() {
    why=$1
    shift
    out=$("$@" 2>&1) || fail CreateContainerError "$why: $out"
}

# What $1 is (directory or other) is made at $2.
like() {
    if [ -d "$1" ]; then try "cannot make $2" mkdir -p -- "$2"; else : >"$2" || fail CreateContainerError "cannot make $2"; fi
}

# Every entry of $1 appears in $2.
back() {
    for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        to=$2/${entry##*/}
        if [ -L "$entry" ]; then
            cp -P -- "$entry" "$to"
        elif [ -d "$entry" ]; then
            mkdir -- "$to" && mount -c --rbind "$entry" "$to"
        elif [ -e "$entry" ]; then
            : >"$to" && mount -c --bind "$entry" "$to"
        fi 2>/dev/null || [ ! -e "$entry" ] || fail CreateContainerError "cannot show $entry in the pod's view"
    done
}

# Calls $1 with number, mode, source and target of each mount.
each() {
    call=$1
    shift
    number=0 field=0
    for word in "$@"; do
        case $field in
        0) [ "$word" = -- ] && return; mode=$word field=1 ;;
        1) source=$word field=2 ;;
        2) target=$word field=0; "$call"; number=$((number + 1)) ;;
        esac
    done
}

# The first part of a target's path, in the new root.
top() {
    first=${target#/}
    case $first in
    */*) [ -e "$view/${first%%/*}" ] || try "cannot make /${first%%/*}" mkdir -- "$view/${first%%/*}" ;;
    *) [ -e "$view/$first" ] || like "$source" "$view/$first" ;;
    esac
}

gather() {
    [ -e "$source" ] || fail CreateContainerError "what belongs at $target is not there: $source"
    like "$source" "$view/$number"
    try "cannot mount $source" mount -c --rbind "$source" "$view/$number"
}

# The target exists in this view, and only in it.
point() {
    [ -e "$target" ] && return
    up=$target
    while [ ! -e "$up" ]; do up=${up%/*}; [ -n "$up" ] || up=/; done
    [ -d "$up" ] || fail CreateContainerError "$target cannot be a mount point: $up is no directory"
    IFS='
'
    set -f
    for known in $volumes; do
        case "$up/" in "$known"/*) up= && break ;; esac
    done
    set +f
    unset IFS
    if [ -n "$up" ]; then
        stages=$((stages + 1))
        try "cannot make a stage" mkdir "stage$stages"
        try "cannot mount a stage" mount -c -t tmpfs -o mode=755 petset "./stage$stages"
        chmod --reference="$up" "stage$stages" 2>/dev/null
        back "$up" "stage$stages"
        try "cannot show the stage at $up" mount -c --rbind "./stage$stages" "$up"
    fi
    case $target in */*/*) try "cannot make $target" mkdir -p -- "${target%/*}" ;; esac
    like "./$number" "$target"
}

show() {
    point
    try "cannot mount at $target" mount -c --rbind "./$number" "$target"
    if [ "$mode" = ro ]; then
        mount -c -o remount,bind,ro "$target" 2>/dev/null ||
            mount -c -o remount,bind,ro,nosuid,nodev "$target" 2>/dev/null ||
            try "cannot make $target read-only" mount -c -o remount,bind,ro,nosuid,nodev,noexec "$target"
    fi
    volumes="$volumes
$target"
}

if [ -n "$name" ]; then
    if [ "$root" = root ]; then
        try "cannot mount a new root" mount -t tmpfs -o mode=755 petset "$view"
        back / "$view"
        each top "$@"
        exec chroot "$view" /bin/sh -c "$script" petset "$script" "" "$name" "$view" "$dir" "$path" "" "$@"
    fi
    hostname "$name" 2>/dev/null || printf '%s' "$name" 2>/dev/null >/proc/sys/kernel/hostname ||
        fail CreateContainerError "cannot set the hostname to $name"
    try "cannot mount the staging directory" mount -t tmpfs -o mode=755 petset "$view"
    each gather "$@"
    cd "$view" || fail CreateContainerError "cannot enter the staging directory"
    stages=0 volumes=
    each show "$@"
fi
while [ "$1" != -- ]; do shift 3; done
shift

cd -- "$dir" 2>/dev/null || fail CreateContainerError "workingDir $dir is no directory that can be entered"
file=
case $1 in
*/*) file=$1 ;;
*)
    IFS=:
    set -f
    for place in $path; do
        [ -f "${place:-.}/$1" ] && [ -x "${place:-.}/$1" ] && file=${place:-.}/$1 && break
    done
    set +f
    unset IFS
    ;;
esac
[ -n "$file" ] || fail ContainerCannotRun "program $1 is in no directory of PATH ($path)"
[ -e "$file" ] || fail ContainerCannotRun "program $1 does not exist"
[ -f "$file" ] && [ -x "$file" ] || fail ContainerCannotRun "program $1 is not an executable file"
printf 'ok\n' >&9
exec 9>&-
PATH=$path
export PATH
unset OLDPWD
exec "$@"
