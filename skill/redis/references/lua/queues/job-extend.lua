-- Job queue: extend a lease. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: leases, owners') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: token, id, lease') end
local leases, owners = KEYS[1], KEYS[2]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local id = ARGV[2]
if #id < 1 or #id > 200 then return redis.error_reply('ERR id must have 1 to 200 bytes') end
local lease = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if lease < 1 or lease > 86400000 then return redis.error_reply('ERR lease must be an integer from 1 to 86400000') end

if redis.call('HGET', owners, id) ~= token then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', leases, now + lease, id)
return 1
