-- Unique count in a window. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: seen') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: member, window') end
local seen = KEYS[1]
local member = ARGV[1]
if #member < 1 or #member > 200 then return redis.error_reply('ERR member must have 1 to 200 bytes') end
local window = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if window < 1 or window > 2678400000 then return redis.error_reply('ERR window must be an integer from 1 to 2678400000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = redis.call('ZRANGE', seen, -1, -1, 'WITHSCORES')
if last[2] then now = math.max(now, tonumber(last[2])) end
redis.call('ZREMRANGEBYSCORE', seen, '-inf', now - window)
local new = redis.call('ZADD', seen, now, member)
redis.call('PEXPIRE', seen, window)
return {redis.call('ZCARD', seen), new}
