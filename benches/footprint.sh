#!/bin/sh
# Prints the table of `make footprint`: the bench program on each server of tests/servers/list.
set -eu
cd "$(dirname "$0")/.."
program=$(cargo bench --locked --no-run --bench footprint --message-format json 2>/dev/null |
  sed -n '/"name":"footprint"/s/.*"executable":"\([^"]*\)".*/\1/p')
echo '| Server | Allocator | Cells | Predicted | Corrected | Corrected, length unknown | MEMORY USAGE | Its prediction |'
echo '|---|---|---|---|---|---|---|---|'
tests/servers/list | while read -r name server; do
  case $name in *-modules) continue ;; esac
  GODMODE_REDIS_SERVER=$server "$program" "$@"
done
