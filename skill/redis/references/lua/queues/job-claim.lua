-- Job queue: claim a batch. The page beside this file says what it promises and what each value means.
if #KEYS ~= 6 then return redis.error_reply('ERR 6 keys are needed: ready, delayed, leases, owners, attempts, dead') end
if #ARGV ~= 4 then return redis.error_reply('ERR 4 arguments are needed: token, count, lease, maximum') end
local ready, delayed, leases, owners, attempts, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local count = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if count < 1 or count > 100 then return redis.error_reply('ERR count must be an integer from 1 to 100') end
local lease = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if lease < 1 or lease > 86400000 then return redis.error_reply('ERR lease must be an integer from 1 to 86400000') end
local maximum = tonumber(string.match(ARGV[4], '^%d+$') or -1)
if maximum < 1 or maximum > 1000 then return redis.error_reply('ERR maximum must be an integer from 1 to 1000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Before this millisecond: no lease is shorter than it was promised.
local past = string.format('(%.0f', now)
local over = redis.call('ZRANGE', leases, '-inf', past, 'BYSCORE', 'LIMIT', 0, 100)
for _, id in ipairs(over) do
  redis.call('ZREM', leases, id)
  redis.call('HDEL', owners, id)
  local tried = tonumber(redis.call('HGET', attempts, id) or '0')
  if tried >= maximum then
    redis.call('HDEL', attempts, id)
    redis.call('HSET', dead, id, tried)
  else
    redis.call('RPUSH', ready, id)
  end
end

local due = redis.call('ZRANGE', delayed, '-inf', now, 'BYSCORE', 'LIMIT', 0, 100)
if due[1] then
  redis.call('ZREM', delayed, unpack(due))
  redis.call('LPUSH', ready, unpack(due))
end

local reply = {}
for _, id in ipairs(redis.call('RPOP', ready, count) or {}) do
  redis.call('ZADD', leases, now + lease, id)
  redis.call('HSET', owners, id, token)
  reply[#reply + 1] = id
  reply[#reply + 1] = redis.call('HINCRBY', attempts, id, 1)
end
return reply
