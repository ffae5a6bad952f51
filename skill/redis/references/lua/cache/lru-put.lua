-- Bounded map: store. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: values, order') end
if #ARGV ~= 4 then return redis.error_reply('ERR 4 arguments are needed: capacity, ttl, field, value') end
local values, order = KEYS[1], KEYS[2]
local capacity = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if capacity < 1 or capacity > 100000 then return redis.error_reply('ERR capacity must be an integer from 1 to 100000') end
local ttl = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if ttl < 1 or ttl > 2678400000 then return redis.error_reply('ERR ttl must be an integer from 1 to 2678400000') end
local field = ARGV[3]
if #field < 1 or #field > 1000 then return redis.error_reply('ERR field must have 1 to 1000 bytes') end
local value = ARGV[4]
if #value > 100000 then return redis.error_reply('ERR value must have 0 to 100000 bytes') end

local last = redis.call('ZRANGE', order, -1, -1, 'WITHSCORES')
redis.call('HSET', values, field, value)
redis.call('ZADD', order, (tonumber(last[2] or '0')) + 1, field)
local fields = redis.call('ZCARD', order)
local evicted = math.max(math.min(fields - capacity, 100), 0)
if evicted > 0 then
  local oldest = redis.call('ZRANGE', order, 0, evicted - 1)
  redis.call('ZREM', order, unpack(oldest))
  redis.call('HDEL', values, unpack(oldest))
end
redis.call('PEXPIRE', values, ttl)
redis.call('PEXPIRE', order, ttl)
return {fields - evicted, evicted}
