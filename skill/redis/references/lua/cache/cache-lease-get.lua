-- Cache with a lease: read. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: entry') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: token, lease') end
local entry = KEYS[1]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local lease = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if lease < 1 or lease > 86400000 then return redis.error_reply('ERR lease must be an integer from 1 to 86400000') end

local stored = redis.call('HMGET', entry, 'value', 'token')
if stored[1] then return {1, stored[1], redis.call('PTTL', entry)} end
if stored[2] and stored[2] ~= token then return {0, '', math.max(redis.call('PTTL', entry), 0)} end
redis.call('HSET', entry, 'token', token)
redis.call('PEXPIRE', entry, lease)
return {2, '', lease}
