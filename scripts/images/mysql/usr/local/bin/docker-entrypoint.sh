#!/bin/bash
# As MySQL's own image starts: makes the data directory when there is none, then runs the server as mysql. Anything else
# is run as it is.
set -eu
[ "${1:-}" = mysqld ] || [ "${1#-}" != "${1:-}" ] || exec "$@"
[ "${1#-}" = "$1" ] || set -- mysqld "$@"
data=/var/lib/mysql

password() { # quoted for SQL
  printf %s "${MYSQL_ROOT_PASSWORD:-}" | sed "s/[\\\\']/\\\\&/g"
}

initialise() { # whole or not at all: the system tables come into place last
  if [ -z "${MYSQL_ROOT_PASSWORD:-}${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ]; then
    echo "set MYSQL_ROOT_PASSWORD or MYSQL_ALLOW_EMPTY_PASSWORD" >&2
    exit 1
  fi
  rm -rf "$data/.new"
  mkdir "$data/.new"
  mariadb-install-db --no-defaults --datadir="$data/.new" --skip-test-db --auth-root-authentication-method=normal \
    --skip-name-resolve >/dev/null
  {
    echo "FLUSH PRIVILEGES;"
    echo "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');"
    echo "FLUSH PRIVILEGES;"
    echo "ALTER USER 'root'@'localhost' IDENTIFIED BY '$(password)';"
    echo "CREATE USER 'root'@'%' IDENTIFIED BY '$(password)';"
    echo "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
    [ -z "${MYSQL_DATABASE:-}" ] || echo "CREATE DATABASE \`$MYSQL_DATABASE\`;"
  } | mariadbd --no-defaults --user=root --bootstrap --datadir="$data/.new" >/dev/null
  find "$data" -mindepth 1 -maxdepth 1 ! -name .new ! -name lost+found -exec rm -rf {} +
  find "$data/.new" -mindepth 1 -maxdepth 1 ! -name mysql -exec mv -t "$data" {} +
  sync
  mv "$data/.new/mysql" "$data/mysql"
  rmdir "$data/.new"
}

petset-mysql-config
[ -d "$data/mysql" ] || initialise
if [ "$(id -u)" = 0 ]; then
  chown -R mysql:mysql "$data" /run/mysqld
  exec setpriv --reuid=mysql --regid=mysql --init-groups -- "$@"
fi
exec "$@"
