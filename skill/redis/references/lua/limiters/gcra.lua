-- Rate limiter: GCRA. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: arrival') end
if #ARGV ~= 4 then return redis.error_reply('ERR 4 arguments are needed: burst, rate, period, cost') end
local arrival = KEYS[1]
local burst = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if burst < 1 or burst > 1000000 then return redis.error_reply('ERR burst must be an integer from 1 to 1000000') end
local rate = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if rate < 1 or rate > 1000000 then return redis.error_reply('ERR rate must be an integer from 1 to 1000000') end
local period = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if period < 1 or period > 2678400000 then return redis.error_reply('ERR period must be an integer from 1 to 2678400000') end
local cost = tonumber(string.match(ARGV[4], '^%d+$') or -1)
if cost < 1 or cost > 1000000 then return redis.error_reply('ERR cost must be an integer from 1 to 1000000') end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- Rounded up: the rate is never exceeded.
local spacing = math.ceil(period * 1000 / rate)
local room = burst * spacing
if room > 1e15 then return redis.error_reply('ERR burst at this rate lasts longer than 31 years') end
local due = math.max(tonumber(redis.call('GET', arrival) or '0'), now)
local after = due + cost * spacing
if after - room > now then
  local wait = cost > burst and -1 or math.ceil((after - room - now) / 1000)
  return {0, math.max(math.floor((room - (due - now)) / spacing), 0), wait, math.ceil((due - now) / 1000)}
end
local reset = math.ceil((after - now) / 1000)
redis.call('SET', arrival, string.format('%.0f', after), 'PX', reset)
return {1, math.floor((room - (after - now)) / spacing), 0, reset}
