-- Job queue: done. The page beside this file says what it promises and what each value means.
if #KEYS ~= 3 then return redis.error_reply('ERR 3 keys are needed: leases, owners, attempts') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: token, id') end
local leases, owners, attempts = KEYS[1], KEYS[2], KEYS[3]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local id = ARGV[2]
if #id < 1 or #id > 200 then return redis.error_reply('ERR id must have 1 to 200 bytes') end

if redis.call('HGET', owners, id) ~= token then return 0 end
redis.call('ZREM', leases, id)
redis.call('HDEL', owners, id)
redis.call('HDEL', attempts, id)
return 1
