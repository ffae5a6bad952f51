-- Cache with a lease: store. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: entry') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: token, ttl, value') end
local entry = KEYS[1]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local ttl = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if ttl < 1 or ttl > 2678400000 then return redis.error_reply('ERR ttl must be an integer from 1 to 2678400000') end
local value = ARGV[3]
if #value > 100000 then return redis.error_reply('ERR value must have 0 to 100000 bytes') end

if redis.call('HGET', entry, 'token') ~= token then return 0 end
redis.call('HDEL', entry, 'token')
redis.call('HSET', entry, 'value', value)
redis.call('PEXPIRE', entry, ttl)
return 1
