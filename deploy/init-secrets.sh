#!/bin/sh
# Writes random secrets for docker-compose.yml: deploy/init-secrets.sh [PUBLIC_URL]. It makes .env and the folder secrets
# with the master key and the platform token, all readable by their owner alone, and writes over nothing.
set -eu
public_url="${1:-http://localhost:8080}"
top="${LEASEHOLD_HOME:-$(cd "$(dirname "$0")/.." && pwd)}"
umask 077

for file in .env secrets/master.key secrets/platform.token; do
    if [ -e "$top/$file" ]; then
        echo "error: $top/$file exists already; another one would lock you out of your data" >&2
        exit 1
    fi
done
case "$public_url" in
http://*[!A-Za-z0-9.:/_-]* | https://*[!A-Za-z0-9.:/_-]*)
    echo "error: the public URL has a character that does not belong there" >&2
    exit 1
    ;;
http://?* | https://?*) ;;
*)
    echo "error: the public URL must begin with http:// or https://" >&2
    exit 1
    ;;
esac

# Compose mounts files as they are on this machine, so the containers' user must be who may read them.
uid=$(id -u)
gid=$(id -g)
if [ "$uid" = 0 ]; then
    uid=10001
    gid=10001
fi

secret() {
    openssl rand -hex 32
}

# Each into a variable first: a command that fails inside a here-document does not stop a script.
postgres=$(secret)
database=$(secret)
redis=$(secret)
grafana=$(secret)
master=$(secret)
platform=$(secret)

mkdir -p "$top/secrets"
printf '%s\n' "$master" >"$top/secrets/master.key"
printf '%s\n' "$platform" >"$top/secrets/platform.token"
if [ "$(id -u)" = 0 ]; then
    chown -R "$uid:$gid" "$top/secrets"
fi
cat >"$top/.env" <<ENV
LEASEHOLD_PUBLIC_URL=$public_url
LEASEHOLD_UID=$uid
LEASEHOLD_GID=$gid
POSTGRES_PASSWORD=$postgres
LEASEHOLD_DATABASE_PASSWORD=$database
LEASEHOLD_REDIS_PASSWORD=$redis
GRAFANA_PASSWORD=$grafana
ENV
echo "Made $top/.env and $top/secrets. Keep a copy of secrets/master.key apart from the backups of the database."
