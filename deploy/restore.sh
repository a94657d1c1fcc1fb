#!/bin/sh
# Restores a backup into an empty database: deploy/restore.sh FILE, or - for standard input. All of it, or nothing.
#
# libpq's variables say where (PGHOST, PGPORT, PGUSER, PGPASSWORD or a .pgpass file, PGDATABASE). PGUSER is the role of the
# servers, which owns the database (deploy/postgres/init-database.sh makes both): so it owns what is restored as well.
# Servers start on it with the same master key, and with no other.
set -eu
file="${1:?usage: restore.sh FILE, or - for standard input}"
export PGDATABASE="${PGDATABASE:-leasehold}"

ask() {
    psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --command="$1"
}

tables=$(ask "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public'")
if [ "$tables" != 0 ]; then
    echo "error: the database $PGDATABASE has $tables tables; restore into an empty one" >&2
    exit 1
fi
if [ "$(ask "SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user")" != f ]; then
    echo "error: restore as the role of the servers, which must not bypass row-level security" >&2
    exit 1
fi

if [ "$file" != - ]; then
    exec <"$file"
fi
pg_restore --dbname="$PGDATABASE" --single-transaction --exit-on-error --no-owner --no-privileges --no-password

# The wall between tenants is part of what must be back.
open=$(ask "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attname = 'tenant_id'
    AND NOT (c.relrowsecurity AND c.relforcerowsecurity)")
if [ "$open" != 0 ]; then
    echo "error: $open tables of tenants came back without row-level security" >&2
    exit 1
fi
echo "The backup is restored into $PGDATABASE." >&2
