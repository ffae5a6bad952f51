-- Presence. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: online') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: member, timeout') end
local online = KEYS[1]
local member = ARGV[1]
if #member < 1 or #member > 200 then return redis.error_reply('ERR member must have 1 to 200 bytes') end
local timeout = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if timeout < 1 or timeout > 86400000 then return redis.error_reply('ERR timeout must be an integer from 1 to 86400000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Before this millisecond: no lease is shorter than it was promised.
local past = string.format('(%.0f', now)
redis.call('ZREMRANGEBYSCORE', online, '-inf', past)
local new = redis.call('ZADD', online, now + timeout, member)
local last = redis.call('ZRANGE', online, -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', online, last[2])
return {redis.call('ZCARD', online), new}
