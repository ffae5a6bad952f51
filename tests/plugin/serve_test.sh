#!/bin/sh
# Tests the launcher .claude-plugin/serve with fake binaries and a fake cargo. Needs a POSIX system and nothing else.
# usage: tests/plugin/serve_test.sh
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
tmp=$(mktemp -d) || exit 1
tmp=$(CDPATH='' cd -- "$tmp" && pwd -P)
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0

# is LABEL EXPECTED ACTUAL
is() {
  if [ "$2" = "$3" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3"
  fi
}

# has LABEL PART TEXT
has() { case $3 in *"$2"*) is "$1" 1 1 ;; *) is "$1" "... $2 ..." "$3" ;; esac; }

# until_true COMMAND...: polls for ten seconds
until_true() {
  tries=0
  until "$@" || [ "$tries" -ge 10 ]; do
    tries=$((tries + 1))
    sleep 1
  done
}

# A PATH with the launcher's own tools and no cargo, whatever this machine has; folder names that need quoting.
bin="$tmp/bin"
root="$tmp/a plugin"
mkdir -p "$bin" "$root/.claude-plugin"
for tool in sh sed awk mkdir mv cp rm cat tr cut find grep tail sleep setsid; do
  path=$(command -v "$tool") && ln -s "$path" "$bin/$tool"
done
cp "$here/.claude-plugin/serve" "$here/.claude-plugin/plugin.json" "$root/.claude-plugin/"
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$root/.claude-plugin/plugin.json")
printf '[package]\nname = "godmode-redis"\nversion = "%s"\nrust-version = "1.88"\n' "$version" >"$root/Cargo.toml"

# A server that says how it was started, then hands back its stdin.
fake() { # FILE NAME
  mkdir -p "${1%/*}"
  cat >"$1" <<END
#!/bin/sh
[ "\$1" = --version ] && exit 0
echo "$2 got \$* url=\${GODMODE_REDIS_URL-unset}"
cat
END
  chmod 755 "$1"
}

# serve [NAME=VALUE...]: one session in a clean environment, stdin to stdout
fresh() { data="$tmp/data $1" && mkdir -p "$data"; }
serve() {
  env -i PATH="$bin" HOME="$tmp/home" CLAUDE_PLUGIN_DATA="$data" "$@" "$root/.claude-plugin/serve" mcp 2>"$tmp/stderr"
}
ids() { sed 's/^{"jsonrpc":"2.0","id":\(.*\),"error":{"code":-32000,"message":"godmode: .*"}}$/\1/'; }
ping='{"jsonrpc":"2.0","id":1,"method":"ping"}'

# --- every request gets an error with its own id, and nothing else reaches stdout ---
fresh none
cat >"$tmp/requests" <<'END'
{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"clientInfo":{"name":"x","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"id":99}}
{"jsonrpc":"2.0","id":"a \"quoted\" \\ id","method":"tools/list"}
{"jsonrpc":"2.0","method":"tools/call","params":{"id":7,"list":[{"id":"8"}],"text":"\"id\":9}"},"id":2}
{"method":"ping","params":{"id":"inner","method":"x"},"jsonrpc":"2.0"}
 { "id" : -3 , "method" : "ping" , "params" : { } } 
{"jsonrpc":"2.0","id":"ends in \\","method":"p","params":{"a":["}","]","{"]}}
{"jsonrpc":"2.0","id":4,"result":{"method":"none"}}
{"jsonrpc":"2.0","id":"id","method":"method"}
{"jsonrpc":"2.0","id":null,"method":"ping"}
{"jsonrpc":"2.0","method":"id","params":{}}
{"jsonrpc":"2.0","id":10,"method":"cut off
not json
[]

END
printf '{"jsonrpc":"2.0","id":1.5e3,"method":"last line without an end"}' >>"$tmp/requests"
serve <"$tmp/requests" >"$tmp/out"
is 'exit code at the end of stdin' 0 $?
is 'the ids' '1|"a \"quoted\" \\ id"|2|-3|"ends in \\"|"id"|1.5e3|' "$(ids <"$tmp/out" | tr '\n' '|')"
has 'what is missing and the next step' 'Install Rust 1.88 or newer' "$(cat "$tmp/out")"
has 'the same for the host log' 'Install Rust 1.88' "$(cat "$tmp/stderr")"
is 'silence while nobody asks' '' "$(serve </dev/null)"

# --- text in a message is escaped ---
fresh 'q"u\o'
answer=$(printf '%s\n' "$ping" | serve GODMODE_REDIS_BIN="$data/b")
has 'a quote and a backslash in a path' 'q\"u\\o/b, which is not a file' "$answer"

# --- the search order ---
fresh order
fake "$tmp/path/godmode-redis" path
answer=$(echo stdin | serve PATH="$tmp/path:$bin")
is 'PATH, arguments and stdin' "path got mcp url=unset stdin" "$(echo "$answer" | tr '\n' ' ' | sed 's/ $//')"
fake "$root/target/release/godmode-redis" checkout
has 'a checkout before PATH' 'checkout got' "$(serve PATH="$tmp/path:$bin" </dev/null)"
fake "$data/bin/$version/godmode-redis" installed
has 'the data folder before a checkout' 'installed got' "$(serve PATH="$tmp/path:$bin" </dev/null)"
fake "$tmp/own" own
has 'GODMODE_REDIS_BIN before all' 'own got' "$(serve GODMODE_REDIS_BIN="$tmp/own" </dev/null)"
chmod 644 "$tmp/own"
has 'one that is not executable' "which is not executable" "$(echo "$ping" | serve GODMODE_REDIS_BIN="$tmp/own")"
printf '\177ELF for another machine' >"$tmp/own"
chmod 755 "$tmp/own"
has 'one that cannot start' 'which does not start here' "$(echo "$ping" | serve GODMODE_REDIS_BIN="$tmp/own")"
cp "$tmp/own" "$data/bin/$version/godmode-redis"
has 'a broken candidate is passed over' 'checkout got' "$(serve </dev/null)"
rm -r "$root/target"
fake "$tmp/home/.cargo/bin/godmode-redis" cargo-install
has 'what cargo install left, off PATH' 'cargo-install got' "$(serve </dev/null)"
rm -r "$tmp/home/.cargo"
fresh link
mkdir "$tmp/links"
ln -s "$root/.claude-plugin/serve" "$tmp/links/godmode-redis"
answer=$(echo "$ping" | serve PATH="$tmp/links:$bin")
is 'a link to the launcher itself ends' 1 "$(echo "$answer" | ids)"

# --- the URL ---
for url in '${user_config.redis_url}' ''; do
  has "option '$url' is no URL" 'url=unset' "$(serve PATH="$tmp/path:$bin" GODMODE_PLUGIN_URL="$url" </dev/null)"
  has "option '$url' hides nothing" 'url=redis://own' \
    "$(serve PATH="$tmp/path:$bin" GODMODE_PLUGIN_URL="$url" GODMODE_REDIS_URL=redis://own </dev/null)"
done
url='redis://u:p$%7B@h:1/0'
has 'a real option is used' "url=$url" "$(serve PATH="$tmp/path:$bin" GODMODE_PLUGIN_URL="$url" </dev/null)"

# --- the build ---
# This cargo waits for the file `go` (or the end of the test), then fails or leaves a server where --target-dir says.
cat >"$tmp/cargo" <<'END'
#!/bin/sh
echo "$PWD $*" >>"$calls"
echo '   Compiling one v1.0.0'
until [ -e "$go" ]; do [ -e "$calls" ] && sleep 1 || exit 1; done
[ -s "$go" ] && { cat "$go"; exit 101; }
while [ "$1" != --target-dir ]; do shift; done
mkdir -p "$2/release" && cp "$fake" "$2/release/godmode-redis"
END
chmod 755 "$tmp/cargo"
fake "$tmp/fake" new
mkdir "$tmp/rust"
ln -s "$tmp/cargo" "$tmp/rust/cargo"
building() { serve PATH="$tmp/rust:$bin" calls="$data/calls" go="$data/go" fake="$tmp/fake"; }
calls() { sed -n '$=' "$data/calls"; }

fresh build
installed="$data/bin/$version/godmode-redis"
mkfifo "$tmp/in"
building <"$tmp/in" >"$tmp/session" & # a session that stays open while the build goes on
session=$!
exec 3>"$tmp/in"
echo "$ping" >&3
until_true [ -s "$tmp/session" ]
has 'a build is started' 'being built from source in the background: 1 crates so far' "$(cat "$tmp/session")"
has 'a second session waits for the same' 'being built' "$(echo "$ping" | building)"
is 'one cargo' 1 "$(calls)"
has 'what cargo is asked' "$root build --release --locked --bin godmode-redis" "$(cat "$data/calls")"
: >"$data/go"
until_true [ -x "$installed" ]
until_true [ ! -e "$data/build/$version/lock" ]
echo "$ping" >&3
until_true grep -q 'is built' "$tmp/session"
has 'the open session hears of it' 'is built; reconnect with /mcp' "$(cat "$tmp/session")"
exec 3>&-
wait "$session"
is 'and ends with its client' 0 $?
has 'the next session runs it' 'new got mcp' "$(building </dev/null)"
is 'only the server is left' "$installed" "$(find "$data/bin" "$data/build" -type f ! -name log)"

fresh failure
echo 'error: linker `cc` not found' >"$data/go"
has 'a failed build' 'failed: error: linker `cc` not found' "$(echo "$ping" | building)"
has 'is tried again by the next session' 'linker' "$(echo "$ping" | building)"
is 'so cargo ran twice' 2 "$(calls)"

fresh stale
mkdir -p "$data/build/$version/lock"
sh -c 'echo $$' >"$data/build/$version/lock/pid" # a process that has ended
: >"$data/go"
echo "$ping" | building >/dev/null
until_true [ -x "$data/bin/$version/godmode-redis" ]
has 'a lock whose builder is gone' 'new got mcp' "$(building </dev/null)"

fresh readonly
: >"$tmp/file"
data="$tmp/file/data"
has 'a data folder that cannot be made' 'cannot be written' "$(echo "$ping" | building)"

printf 'launcher: %s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
