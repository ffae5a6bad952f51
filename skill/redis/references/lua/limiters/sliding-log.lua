-- Rate limiter: sliding log. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: log') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: limit, window, cost') end
local log = KEYS[1]
local limit = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if limit < 1 or limit > 10000 then return redis.error_reply('ERR limit must be an integer from 1 to 10000') end
local window = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if window < 1 or window > 2678400000 then return redis.error_reply('ERR window must be an integer from 1 to 2678400000') end
local cost = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if cost < 1 or cost > 1000 then return redis.error_reply('ERR cost must be an integer from 1 to 1000') end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local span = window * 1000
local last = redis.call('ZRANGE', log, -1, -1, 'WITHSCORES')
if last[2] then now = math.max(now, tonumber(last[2])) end
-- A request exactly `window` old is outside.
redis.call('ZREMRANGEBYSCORE', log, '-inf', string.format('%.0f', now - span))
local used = redis.call('ZCARD', log)
if used + cost > limit then
  local reset = last[2] and math.ceil((tonumber(last[2]) + span - now) / 1000) or 0
  if used == 0 then reset = 0 end
  if cost > limit then return {0, math.max(limit - used, 0), -1, reset} end
  -- The oldest so many have to leave.
  local at = used + cost - limit - 1
  local leaves = redis.call('ZRANGE', log, at, at, 'WITHSCORES')
  local wait = math.ceil((tonumber(leaves[2]) + span - now) / 1000)
  return {0, math.max(limit - used, 0), wait, reset}
end
-- With the same time the count differs, so no member is written twice.
local score = string.format('%.0f', now)
local entries = {}
for n = used, used + cost - 1 do
  entries[#entries + 1] = score
  entries[#entries + 1] = string.format('%s-%.0f', score, n)
end
redis.call('ZADD', log, unpack(entries))
redis.call('PEXPIRE', log, window)
return {1, limit - used - cost, 0, window}
