-- Rate limiter: sliding window counter. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: counter') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: limit, window, cost') end
local counter = KEYS[1]
local limit = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if limit < 1 or limit > 1000000 then return redis.error_reply('ERR limit must be an integer from 1 to 1000000') end
local window = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if window < 1 or window > 2678400000 then return redis.error_reply('ERR window must be an integer from 1 to 2678400000') end
local cost = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if cost < 1 or cost > 1000000 then return redis.error_reply('ERR cost must be an integer from 1 to 1000000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local start = now - now % window
local stored = redis.call('HMGET', counter, 'start', 'count', 'before')
local count, before = 0, 0
if stored[1] then
  local last = tonumber(stored[1])
  if start <= last then
    -- The same window, or a clock that fell back: then time stands still at the window's start.
    if start < last then start, now = last, last end
    count, before = tonumber(stored[2]), tonumber(stored[3])
  elseif start == last + window then
    before = tonumber(stored[2])
  end
end
local left = start + window - now
local reset = left + window
-- In units of a request for a millisecond, so that everything is an integer.
local free = math.floor(((limit - count) * window - before * left) / window)
if cost > free then
  local wait
  if cost > limit then
    wait = -1
  elseif count + cost <= limit then
    -- Later in this window, when less of the one before counts.
    wait = left - math.floor((limit - count - cost) * window / before)
  else
    -- In the next window, where this one is the one before.
    wait = left + window - math.floor((limit - cost) * window / count)
  end
  return {0, math.max(free, 0), wait, reset}
end
redis.call('HSET', counter, 'start', string.format('%.0f', start), 'count', count + cost, 'before', before)
redis.call('PEXPIRE', counter, reset)
return {1, free - cost, 0, reset}
