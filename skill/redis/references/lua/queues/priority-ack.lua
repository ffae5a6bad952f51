-- Priority queue: done. The page beside this file says what it promises and what each value means.
if #KEYS ~= 3 then return redis.error_reply('ERR 3 keys are needed: payloads, leases, held') end
if #ARGV ~= 1 then return redis.error_reply('ERR 1 argument is needed: token') end
local payloads, leases, held = KEYS[1], KEYS[2], KEYS[3]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end

local entry = redis.call('HGET', held, token)
if not entry then return 0 end
redis.call('HDEL', payloads, string.match(entry, '^%d+:(.*)$'))
redis.call('HDEL', held, token)
redis.call('ZREM', leases, token)
return 1
