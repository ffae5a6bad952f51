-- Rate limiter: token bucket. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: bucket') end
if #ARGV ~= 4 then return redis.error_reply('ERR 4 arguments are needed: capacity, refill, interval, cost') end
local bucket = KEYS[1]
local capacity = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if capacity < 1 or capacity > 1000000 then return redis.error_reply('ERR capacity must be an integer from 1 to 1000000') end
local refill = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if refill < 1 or refill > 1000000 then return redis.error_reply('ERR refill must be an integer from 1 to 1000000') end
local interval = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if interval < 1 or interval > 2678400000 then return redis.error_reply('ERR interval must be an integer from 1 to 2678400000') end
local cost = tonumber(string.match(ARGV[4], '^%d+$') or -1)
if cost < 1 or cost > 1000000 then return redis.error_reply('ERR cost must be an integer from 1 to 1000000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('HMGET', bucket, 'level', 'at')
-- A token is `interval` units, so that a millisecond brings `refill` units and nothing is rounded.
local full = capacity * interval
local level = full
if stored[1] then
  local at = tonumber(stored[2])
  now = math.max(now, at)
  local passed = math.min(now - at, math.ceil(full / refill))
  level = math.min(full, tonumber(stored[1]) + passed * refill)
end
local price = cost * interval
if price > level then
  local wait = cost > capacity and -1 or math.ceil((price - level) / refill)
  return {0, math.floor(level / interval), wait, math.ceil((full - level) / refill)}
end
level = level - price
local reset = math.ceil((full - level) / refill)
redis.call('HSET', bucket, 'level', string.format('%.0f', level), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', bucket, reset)
return {1, math.floor(level / interval), 0, reset}
