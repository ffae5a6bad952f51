-- Early refresh (XFetch): store. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: entry') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: ttl, took, value') end
local entry = KEYS[1]
local ttl = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if ttl < 1 or ttl > 2678400000 then return redis.error_reply('ERR ttl must be an integer from 1 to 2678400000') end
local took = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if took < 0 or took > 86400000 then return redis.error_reply('ERR took must be an integer from 0 to 86400000') end
local value = ARGV[3]
if #value > 100000 then return redis.error_reply('ERR value must have 0 to 100000 bytes') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', entry, 'value', value, 'took', took, 'ends', now + ttl)
redis.call('PEXPIRE', entry, ttl)
return 1
