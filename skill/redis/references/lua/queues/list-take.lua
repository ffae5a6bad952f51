-- Reliable list: take. The page beside this file says what it promises and what each value means.
if #KEYS ~= 4 then return redis.error_reply('ERR 4 keys are needed: ready, active, leases, held') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: token, lease') end
local ready, active, leases, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local lease = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if lease < 1 or lease > 86400000 then return redis.error_reply('ERR lease must be an integer from 1 to 86400000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Before this millisecond: no lease is shorter than it was promised.
local past = string.format('(%.0f', now)
local over = redis.call('ZRANGE', leases, '-inf', past, 'BYSCORE', 'LIMIT', 0, 100)
for _, late in ipairs(over) do
  local job = redis.call('HGET', held, late)
  if job then
    redis.call('LREM', active, 1, job)
    redis.call('RPUSH', ready, job)
    redis.call('HDEL', held, late)
  end
  redis.call('ZREM', leases, late)
end

local job = redis.call('HGET', held, token)
if not job then
  job = redis.call('LMOVE', ready, active, 'RIGHT', 'LEFT')
  if not job then return {} end
  redis.call('HSET', held, token, job)
end
redis.call('ZADD', leases, now + lease, token)
return {job, lease}
