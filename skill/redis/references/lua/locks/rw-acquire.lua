-- Reader-writer lock: acquire. The page beside this file says what it promises and what each value means.
if #KEYS ~= 3 then return redis.error_reply('ERR 3 keys are needed: readers, writer, waiting') end
if #ARGV ~= 4 then return redis.error_reply('ERR 4 arguments are needed: mode, token, lease, patience') end
local readers, writer, waiting = KEYS[1], KEYS[2], KEYS[3]
local mode = ARGV[1]
if mode ~= 'read' and mode ~= 'write' then return redis.error_reply('ERR mode must be read or write') end
local token = ARGV[2]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local lease = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if lease < 1 or lease > 86400000 then return redis.error_reply('ERR lease must be an integer from 1 to 86400000') end
local patience = tonumber(string.match(ARGV[4], '^%d+$') or -1)
if patience < 1 or patience > 86400000 then return redis.error_reply('ERR patience must be an integer from 1 to 86400000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Before this millisecond: no lease is shorter than it was promised.
local past = string.format('(%.0f', now)
redis.call('ZREMRANGEBYSCORE', readers, '-inf', past)
local holder = redis.call('GET', writer)
local next_writer = redis.call('GET', waiting)

if mode == 'read' then
  local inside = redis.call('ZSCORE', readers, token)
  if holder then return {0, redis.call('PTTL', writer)} end
  if next_writer and not inside then return {0, redis.call('PTTL', waiting)} end
  redis.call('ZADD', readers, now + lease, token)
  local last = redis.call('ZRANGE', readers, -1, -1, 'WITHSCORES')
  redis.call('PEXPIREAT', readers, last[2])
  return {1, lease}
end

if holder == token then
  redis.call('PEXPIRE', writer, lease)
  return {1, lease}
end
local turn = not next_writer or next_writer == token
local last = redis.call('ZRANGE', readers, -1, -1, 'WITHSCORES')
if turn and not holder and not last[1] then
  redis.call('SET', writer, token, 'PX', lease)
  redis.call('DEL', waiting)
  return {1, lease}
end
if turn then redis.call('SET', waiting, token, 'PX', patience) end
if holder then return {0, redis.call('PTTL', writer)} end
if not turn then return {0, redis.call('PTTL', waiting)} end
return {0, tonumber(last[2]) - now}
