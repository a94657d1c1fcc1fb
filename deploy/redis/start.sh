#!/bin/sh
# Starts Redis with one user, who may touch only Leasehold's keys and administer nothing. The password comes from the
# environment and goes into a file in memory: an argument could be read by others.
set -eu
: "${LEASEHOLD_REDIS_PASSWORD:?set LEASEHOLD_REDIS_PASSWORD}"
config="${REDIS_CONFIG:-/etc/leasehold/redis.conf}"
users="${REDIS_USERS:-/tmp/users.acl}"
umask 077
cat >"$users" <<ACL
user default off
user leasehold on >$LEASEHOLD_REDIS_PASSWORD ~leasehold* resetchannels +@all -@admin -@dangerous +info
ACL
unset LEASEHOLD_REDIS_PASSWORD
exec redis-server "$config" --aclfile "$users" "$@"
