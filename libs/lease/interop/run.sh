#!/bin/sh
# Verifies tokens that we signed with PyJWT and with jose.
#
# Usage: run.sh [folder]. The libraries are installed there, or in a temporary folder; nothing is written here.
set -eu

for tool in python3 node npm; do
    command -v "$tool" >/dev/null || { echo "$0: needs $tool: install Python 3 with venv, and Node.js with npm" >&2; exit 1; }
done

here=$(cd "$(dirname "$0")" && pwd)
if [ $# -gt 0 ]; then
    mkdir -p "$1"
    work=$(cd "$1" && pwd)
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi

(cd "$here" && cargo run --quiet --package leasehold-lease --features sign --example interop) >"$work/tokens.json"

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
"$work/venv/bin/python" "$here/check.py" "$work/tokens.json"

# Node looks for packages next to the script, so the script moves to the packages.
cp "$here/package.json" "$here/package-lock.json" "$here/check.mjs" "$work/"
(cd "$work" && npm ci --silent --no-audit --no-fund --ignore-scripts)
node "$work/check.mjs" "$work/tokens.json"
