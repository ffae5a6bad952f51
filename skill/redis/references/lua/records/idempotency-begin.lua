-- Idempotency key: begin. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: record') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: token, fingerprint, lease') end
local record = KEYS[1]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local fingerprint = ARGV[2]
if #fingerprint < 1 or #fingerprint > 200 then return redis.error_reply('ERR fingerprint must have 1 to 200 bytes') end
local lease = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if lease < 1 or lease > 86400000 then return redis.error_reply('ERR lease must be an integer from 1 to 86400000') end

local stored = redis.call('HMGET', record, 'fingerprint', 'token', 'reply')
if stored[1] and stored[1] ~= fingerprint then return {3, '', math.max(redis.call('PTTL', record), 0)} end
if stored[3] then return {2, stored[3], math.max(redis.call('PTTL', record), 0)} end
if stored[2] and stored[2] ~= token then return {0, '', math.max(redis.call('PTTL', record), 0)} end
redis.call('HSET', record, 'fingerprint', fingerprint, 'token', token)
redis.call('PEXPIRE', record, lease)
return {1, '', lease}
