#!/bin/sh
# Writes a backup of Leasehold's PostgreSQL database: deploy/backup.sh FILE, or - for standard output.
#
# Where and as whom is said by libpq's variables (PGHOST, PGPORT, PGUSER, PGPASSWORD or a .pgpass file, PGDATABASE).
# The role must see all rows in spite of row-level security: a superuser, or one made with
#   CREATE ROLE leasehold_backup LOGIN BYPASSRLS PASSWORD '…'; GRANT pg_read_all_data TO leasehold_backup;
# The role of the servers cannot make backups, and pg_dump says so rather than leave rows out.
#
# The backup is of no use without the master key, which is not in it: keep that elsewhere.
set -eu
file="${1:?usage: backup.sh FILE, or - for standard output}"
export PGDATABASE="${PGDATABASE:-leasehold}"
umask 077

dump() {
    # Owners and grants are the restoring side's business.
    pg_dump --format=custom --no-owner --no-privileges --no-password
}

if [ "$file" = - ]; then
    dump
    exit
fi
if [ -e "$file" ]; then
    echo "error: $file exists already; a backup is never written over another" >&2
    exit 1
fi
trap 'rm -f "$file.part"' EXIT
dump >"$file.part"
# Reads the list of contents: what pg_restore cannot read is no backup.
pg_restore --list "$file.part" >/dev/null
mv "$file.part" "$file"
trap - EXIT
echo "The backup $file is complete." >&2
