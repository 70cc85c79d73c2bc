# Two databases of which each carries out what the other one wrote, also twice after a crash. The numbers that they give
# themselves never meet.
set -eu
ordinal=${POD_NAME##*-}
mine=$((1 + ordinal)) peer=db-$((1 - ordinal)).db
cat >/etc/mysql/conf.d/pair.cnf <<EOF
[mysqld]
port=5432
server-id=$mine
loose-gtid-domain-id=$mine
log-bin=pair
relay-log=relay
binlog-format=ROW
sync-binlog=1
slave-exec-mode=IDEMPOTENT
auto-increment-increment=2
auto-increment-offset=$mine
EOF
ask() { mysql -h 127.0.0.1 -P 5432 -e "$1"; }
follow() { # once in the life of the volume; after that the database does so by itself
  until ask 'SELECT 1'; do sleep 0.5; done >/dev/null 2>&1
  [ -n "$(ask 'SHOW SLAVE STATUS')" ] ||
    ask "CHANGE MASTER TO MASTER_HOST='$peer', MASTER_PORT=5432, MASTER_USER='root', MASTER_PASSWORD='',
         MASTER_CONNECT_RETRY=1; START SLAVE"
}
follow &
exec docker-entrypoint.sh mysqld
