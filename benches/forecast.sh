#!/bin/sh
# Prints the table of `make forecast`: the grid on each server that is named; every cell is in .servers/.forecast/NAME.log.
set -eu
cd "$(dirname "$0")/.."
program=$(cargo bench --locked --no-run --bench forecast --message-format json 2>/dev/null |
  sed -n '/"name":"forecast"/s/.*"executable":"\([^"]*\)".*/\1/p')
logs=.servers/.forecast
mkdir -p $logs
"$program" trace
echo '| Server | LRU and random within 0.7 points | the worst of them | the worst with LFU or a TTL |'
echo '|---|---|---|---|'
code=0
for name; do
  server=$(tests/servers/list | sed -n "s/^$name //p")
  [ -n "$server" ] || { echo "forecast: there is no $name; run tests/servers/fetch $name" >&2; exit 1; }
  GODMODE_REDIS_SERVER=$server "$program" >"$logs/$name.log" || code=1
  grep '^|' "$logs/$name.log"
done
exit $code
