#!/bin/sh
# Prints what `make prove` measures: the pick and its runners-up of every use, on each server of tests/servers/list.
set -eu
cd "$(dirname "$0")/.."
program=target/release/godmode-redis
tests/servers/list | while read -r name server; do
  case $name in
    *-modules) engine=${name%-modules} modules=json,search,bloom,timeseries ;;
    distribution) engine=$("$server" --version | sed -n 's/ server v=\([0-9]*\.[0-9]*\).*/ \1/p') modules= ;;
    *) engine=$name modules= ;;
  esac
  for page in skill/redis/references/scenarios/*.md; do
    use=$(basename "$page" .md)
    echo "# $use on $name"
    GODMODE_REDIS_SERVER=$server "$program" recommend "$use" --prove --engine "$engine" --modules "$modules" </dev/null |
      sed -E -n '/^Measured/,/^(Runners-up|Why nothing else|What would change|Moving to it|To try)/p' | sed '1d; $d'
  done
done
