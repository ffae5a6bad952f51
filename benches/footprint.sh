#!/bin/sh
# Prints the table of `make footprint`: the bench program on each server of tests/servers/list.
set -eu
cd "$(dirname "$0")/.."
program=$(cargo bench --locked --no-run --bench footprint --message-format json 2>/dev/null |
  sed -n '/"name":"footprint"/s/.*"executable":"\([^"]*\)".*/\1/p')
echo '| Server | Allocator | Cells | Predicted | Corrected | Corrected, length unknown | MEMORY USAGE | Its prediction |'
echo '|---|---|---|---|---|---|---|---|'
# The servers with modules add the documents of RedisJSON.
table=$(tests/servers/list | while read -r name server; do
  GODMODE_REDIS_SERVER=$server "$program" "$@" || echo "failed: $name"
done)
echo "$table"
# As many cells, or the table stands for too little; a row of a server begins with its engine.
echo "$table" | awk -F '|' '/failed:/ { bad = 1 } $2 ~ /^ (Redis|Valkey) / { cells += $4 }
  END { print cells + 0, "cells"; exit bad || cells < 400 }'
