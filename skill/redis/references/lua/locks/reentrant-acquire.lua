-- Reentrant lock: acquire. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: lock, fence') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: owner, depth, lease') end
local lock, fence = KEYS[1], KEYS[2]
local owner = ARGV[1]
if #owner < 1 or #owner > 200 then return redis.error_reply('ERR owner must have 1 to 200 bytes') end
local depth = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if depth < 1 or depth > 1000000 then return redis.error_reply('ERR depth must be an integer from 1 to 1000000') end
local lease = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if lease < 1 or lease > 86400000 then return redis.error_reply('ERR lease must be an integer from 1 to 86400000') end

local held = redis.call('HMGET', lock, 'owner', 'depth', 'fence')
if not held[1] then
  if depth ~= 1 then return {-1, 0, 0, 0} end
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local number = math.max(now, tonumber(redis.call('GET', fence) or '0') + 1)
  local text = string.format('%.0f', number)
  redis.call('SET', fence, text)
  redis.call('HSET', lock, 'owner', owner, 'depth', 1, 'fence', text)
  redis.call('PEXPIRE', lock, lease)
  return {1, 1, number, lease}
end
local level, number = tonumber(held[2]), tonumber(held[3])
if held[1] ~= owner then return {0, level, 0, redis.call('PTTL', lock)} end
if depth ~= level and depth ~= level + 1 then return {-1, level, number, redis.call('PTTL', lock)} end
redis.call('HSET', lock, 'depth', depth)
redis.call('PEXPIRE', lock, lease)
return {1, depth, number, lease}
