require_relative "cache"

VALUE = "value of 7 #{"x" * 5000}".freeze

loads = Concurrent::AtomicFixnum.new
load = lambda do |_item|
  loads.increment
  # Long against the time in which a thousand readers ask, on a busy machine too.
  sleep 2
  VALUE
end

def check(holds, what)
  abort what unless holds
end

cache = Cache.new
said = []
values = Array.new(1000) { Thread.new { cache.read(7, &load) } }.map(&:value).uniq
check(values == [VALUE], "#{values.size} values")
said << loads.value
check(cache.read(7, &load) == VALUE, "read again")
said << loads.value
cache.changed(7)
check(cache.read(7, &load) == VALUE, "read after a change")
said << loads.value
begin
  redis = Redis.new(url: ENV.fetch("REDIS_URL"), reconnect_attempts: 0)
  key, old = "#{Cache::PREFIX}7", Integer(ENV.fetch("OLD_MS"))
  left = redis.pttl(key)
  check(left.between?(Cache::TTL_MS - Cache::JITTER_MS - 5000, Cache::TTL_MS), "it lives for #{left} ms")
  check(redis.keys("lock:*").empty?, "a lock was left")
  if old.positive?
    # An entry that has grown old is served, and loaded once more.
    before = loads.value
    redis.pexpire(key, old - 1)
    check(cache.read(7, &load) == VALUE, "an old value is served")
    1000.times do
      break if loads.value > before && redis.pttl(key) >= old

      sleep 0.02
    end
    check(loads.value == before + 1, "it was renewed #{loads.value - before} times")
  end
  said << "stored"
rescue Redis::BaseError
  said << "lost"
end
puts said.join(" ")
