-- Semaphore: acquire, first come first served. The page beside this file says what it promises and what each value means.
if #KEYS ~= 3 then return redis.error_reply('ERR 3 keys are needed: holders, queue, seen') end
if #ARGV ~= 4 then return redis.error_reply('ERR 4 arguments are needed: token, slots, lease, patience') end
local holders, queue, seen = KEYS[1], KEYS[2], KEYS[3]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local slots = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if slots < 1 or slots > 10000 then return redis.error_reply('ERR slots must be an integer from 1 to 10000') end
local lease = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if lease < 1 or lease > 86400000 then return redis.error_reply('ERR lease must be an integer from 1 to 86400000') end
local patience = tonumber(string.match(ARGV[4], '^%d+$') or -1)
if patience < 1 or patience > 86400000 then return redis.error_reply('ERR patience must be an integer from 1 to 86400000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Before this millisecond: no lease is shorter than it was promised.
local past = string.format('(%.0f', now)
redis.call('ZREMRANGEBYSCORE', holders, '-inf', past)
local gone = redis.call('ZRANGE', seen, '-inf', past, 'BYSCORE', 'LIMIT', 0, 100)
if gone[1] then
  redis.call('ZREM', queue, unpack(gone))
  redis.call('ZREM', seen, unpack(gone))
end

local function hold()
  redis.call('ZADD', holders, now + lease, token)
  local last = redis.call('ZRANGE', holders, -1, -1, 'WITHSCORES')
  redis.call('PEXPIREAT', holders, last[2])
  return {1, 0, lease}
end

if redis.call('ZSCORE', holders, token) then return hold() end
if not redis.call('ZSCORE', queue, token) then
  local last = redis.call('ZRANGE', queue, -1, -1, 'WITHSCORES')
  redis.call('ZADD', queue, (tonumber(last[2] or '0')) + 1, token)
end
local ahead = redis.call('ZRANK', queue, token)
if ahead < slots - redis.call('ZCARD', holders) then
  redis.call('ZREM', queue, token)
  redis.call('ZREM', seen, token)
  return hold()
end
redis.call('ZADD', seen, now + patience, token)
-- The line lasts as long as the most patient one in it.
local last = redis.call('ZRANGE', seen, -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', queue, last[2])
redis.call('PEXPIREAT', seen, last[2])
local first = redis.call('ZRANGE', holders, 0, 0, 'WITHSCORES')
return {0, ahead + 1, first[2] and tonumber(first[2]) - now or 0}
