-- Tagged entry: invalidate tags. The page beside this file says what it promises and what each value means.
if #KEYS < 1 or #KEYS > 1000 then return redis.error_reply('ERR 1 to 1000 keys are needed: tag...') end
if #ARGV ~= 1 then return redis.error_reply('ERR 1 argument is needed: keep') end
local keep = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if keep < 1 or keep > 2678400000 then return redis.error_reply('ERR keep must be an integer from 1 to 2678400000') end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local states = {}
for n, tag in ipairs(KEYS) do
  local state = math.max(now, tonumber(redis.call('GET', tag) or '0') + 1)
  redis.call('SET', tag, string.format('%.0f', state), 'PX', keep)
  states[n] = state
end
return states
