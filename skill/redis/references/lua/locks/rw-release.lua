-- Reader-writer lock: release. The page beside this file says what it promises and what each value means.
if #KEYS ~= 3 then return redis.error_reply('ERR 3 keys are needed: readers, writer, waiting') end
if #ARGV ~= 1 then return redis.error_reply('ERR 1 argument is needed: token') end
local readers, writer, waiting = KEYS[1], KEYS[2], KEYS[3]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Before this millisecond: no lease is shorter than it was promised.
local past = string.format('(%.0f', now)
redis.call('ZREMRANGEBYSCORE', readers, '-inf', past)
if redis.call('GET', waiting) == token then redis.call('DEL', waiting) end
if redis.call('GET', writer) == token then return redis.call('DEL', writer) end
return redis.call('ZREM', readers, token)
