-- Rate limiter: fixed window. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: counter') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: limit, window, cost') end
local counter = KEYS[1]
local limit = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if limit < 1 or limit > 1000000 then return redis.error_reply('ERR limit must be an integer from 1 to 1000000') end
local window = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if window < 1 or window > 2678400000 then return redis.error_reply('ERR window must be an integer from 1 to 2678400000') end
local cost = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if cost < 1 or cost > 1000000 then return redis.error_reply('ERR cost must be an integer from 1 to 1000000') end

local used = tonumber(redis.call('GET', counter) or '0')
local ends = redis.call('PTTL', counter)
if ends == -1 then
  -- Somebody took the expiry away: without one the window would never end.
  redis.call('PEXPIRE', counter, window)
  ends = window
end
local open = ends >= 0
-- Under a millisecond counts as one: "0" would mean that nobody has to wait.
ends = open and math.max(ends, 1) or window
if used + cost > limit then
  return {0, math.max(limit - used, 0), cost > limit and -1 or ends, ends}
end
redis.call('INCRBY', counter, cost)
if not open then redis.call('PEXPIRE', counter, window) end
return {1, limit - used - cost, 0, ends}
