-- Statistics of the last minutes. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: buckets') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: value, window, steps') end
local buckets = KEYS[1]
local value = tonumber(string.match(ARGV[1], '^%-?%d+$') or -math.huge)
if value < -1000000000 or value > 1000000000 then return redis.error_reply('ERR value must be an integer from -1000000000 to 1000000000') end
local window = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if window < 1 or window > 2678400000 then return redis.error_reply('ERR window must be an integer from 1 to 2678400000') end
local steps = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if steps < 1 or steps > 120 then return redis.error_reply('ERR steps must be an integer from 1 to 120') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local width = math.ceil(window / steps)
local current = math.floor(now / width)
local oldest = current - steps + 1
local count, sum, least, greatest = 1, value, value, value
local own = {1, value, value, value}
local stored = redis.call('HGETALL', buckets)
for n = 1, #stored, 2 do
  local at = tonumber(stored[n])
  if at < oldest then
    redis.call('HDEL', buckets, stored[n])
  else
    local c, s, low, high = string.match(stored[n + 1], '^(%d+) (%-?%d+) (%-?%d+) (%-?%d+)$')
    c, s, low, high = tonumber(c), tonumber(s), tonumber(low), tonumber(high)
    count, sum, least, greatest = count + c, sum + s, math.min(least, low), math.max(greatest, high)
    if at == current then own = {c + 1, s + value, math.min(value, low), math.max(value, high)} end
  end
end
redis.call('HSET', buckets, string.format('%.0f', current), string.format('%.0f %.0f %.0f %.0f', unpack(own)))
redis.call('PEXPIRE', buckets, window)
return {count, sum, least, greatest}
