#!/bin/sh
# Starts `floodgate ARGUMENTS` in the container, whose own file system may be read-only.
set -eu

# The cache is written to (locks, times of use), so it starts as a copy of what the image brings.
mkdir -p "$XDG_CACHE_HOME/floodgate"
cp -R /opt/floodgate/made/packages "$XDG_CACHE_HOME/floodgate/"

# A token of their own for the containers that share the folder of FLOODGATE_WORKER_TOKEN_FILE, which floodgate
# reads; made by the first of them: `ln` makes the whole file at once, or not at all where one was there before.
if [ -n "${FLOODGATE_WORKER_TOKEN_FILE:-}" ] && [ ! -e "$FLOODGATE_WORKER_TOKEN_FILE" ]; then
    mine=$(mktemp "$FLOODGATE_WORKER_TOKEN_FILE.XXXXXX")
    head -c 24 /dev/urandom | base64 >"$mine"
    ln "$mine" "$FLOODGATE_WORKER_TOKEN_FILE" 2>/dev/null || true
    rm -f "$mine"
fi

exec floodgate "$@"
