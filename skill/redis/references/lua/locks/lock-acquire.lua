-- Lock: acquire with a fencing number. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: lock, fence') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: token, lease') end
local lock, fence = KEYS[1], KEYS[2]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local lease = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if lease < 1 or lease > 86400000 then return redis.error_reply('ERR lease must be an integer from 1 to 86400000') end

if redis.call('SET', lock, token, 'NX', 'PX', lease) then
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local number = math.max(now, tonumber(redis.call('GET', fence) or '0') + 1)
  redis.call('SET', fence, string.format('%.0f', number))
  return {1, number, lease}
end
if redis.call('GET', lock) == token then
  redis.call('PEXPIRE', lock, lease)
  return {1, tonumber(redis.call('GET', fence) or '0'), lease}
end
return {0, 0, math.max(redis.call('PTTL', lock), 0)}
