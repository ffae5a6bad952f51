-- Counter with a cap. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: counter') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: by, cap, ttl') end
local counter = KEYS[1]
local by = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if by < 1 or by > 1000000000 then return redis.error_reply('ERR by must be an integer from 1 to 1000000000') end
local cap = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if cap < 1 or cap > 9007199254740991 then return redis.error_reply('ERR cap must be an integer from 1 to 9007199254740991') end
local ttl = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if ttl < 1 or ttl > 31622400000 then return redis.error_reply('ERR ttl must be an integer from 1 to 31622400000') end

local count = tonumber(redis.call('GET', counter) or '0')
if count > cap - by then return {0, count} end
local fresh = redis.call('EXISTS', counter) == 0
count = redis.call('INCRBY', counter, string.format('%.0f', by))
if fresh then redis.call('PEXPIRE', counter, ttl) end
return {1, count}
