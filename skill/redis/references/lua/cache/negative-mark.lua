-- Negative cache: remember an absence. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: entry, index') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: ttl, capacity, marker') end
local entry, index = KEYS[1], KEYS[2]
local ttl = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if ttl < 1 or ttl > 86400000 then return redis.error_reply('ERR ttl must be an integer from 1 to 86400000') end
local capacity = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if capacity < 1 or capacity > 1000000 then return redis.error_reply('ERR capacity must be an integer from 1 to 1000000') end
local marker = ARGV[3]
if #marker < 1 or #marker > 200 then return redis.error_reply('ERR marker must have 1 to 200 bytes') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Before this millisecond: no lease is shorter than it was promised.
local past = string.format('(%.0f', now)
redis.call('ZREMRANGEBYSCORE', index, '-inf', past)
local there = redis.call('GET', entry)
if there and there ~= marker then
  redis.call('ZREM', index, entry)
  return {0, redis.call('ZCARD', index)}
end
local known = redis.call('ZSCORE', index, entry)
local marks = redis.call('ZCARD', index)
if not known and marks >= capacity then return {0, marks} end
redis.call('SET', entry, marker, 'PX', ttl)
redis.call('ZADD', index, now + ttl, entry)
local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', index, last[2])
return {1, known and marks or marks + 1}
