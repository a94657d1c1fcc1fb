#!/bin/sh
# Makes the database and the role that owns it, as Leasehold wants them: a role that row-level security binds. Run it as
# a superuser, with libpq's variables (PGHOST, PGUSER, PGPASSWORD, …). Safe to repeat: it changes only what differs,
# and sets the role's password to the one that is given.
set -eu
: "${LEASEHOLD_DATABASE_PASSWORD:?set LEASEHOLD_DATABASE_PASSWORD to the password that the role is to have}"
export LEASEHOLD_DATABASE_PASSWORD
export LEASEHOLD_DATABASE_USER="${LEASEHOLD_DATABASE_USER:-leasehold}"
export LEASEHOLD_DATABASE_NAME="${LEASEHOLD_DATABASE_NAME:-leasehold}"

# psql reads the variables itself: arguments could be read by others.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="${PGDATABASE:-postgres}" <<'SQL'
\set role `printf %s "$LEASEHOLD_DATABASE_USER"`
\set password `printf %s "$LEASEHOLD_DATABASE_PASSWORD"`
\set database `printf %s "$LEASEHOLD_DATABASE_NAME"`
SET log_min_error_statement = panic;
SELECT format('CREATE ROLE %I', :'role')
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = :'database') \gexec
ALTER DATABASE :"database" OWNER TO :"role";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
echo "The database $LEASEHOLD_DATABASE_NAME belongs to the role $LEASEHOLD_DATABASE_USER."
