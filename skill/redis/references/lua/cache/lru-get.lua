-- Bounded map: read. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: values, order') end
if #ARGV ~= 1 then return redis.error_reply('ERR 1 argument is needed: field') end
local values, order = KEYS[1], KEYS[2]
local field = ARGV[1]
if #field < 1 or #field > 1000 then return redis.error_reply('ERR field must have 1 to 1000 bytes') end

local value = redis.call('HGET', values, field)
if not value then return {0, ''} end
local last = redis.call('ZRANGE', order, -1, -1, 'WITHSCORES')
redis.call('ZADD', order, (tonumber(last[2] or '0')) + 1, field)
return {1, value}
