-- Stale while revalidate: read. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: entry, refresh') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: token, lease') end
local entry, refresh = KEYS[1], KEYS[2]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local lease = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if lease < 1 or lease > 86400000 then return redis.error_reply('ERR lease must be an integer from 1 to 86400000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('HMGET', entry, 'value', 'fresh')
local fresh = 0
if stored[1] then
  fresh = tonumber(stored[2]) - now
  if fresh > 0 then return {1, 0, stored[1], fresh} end
end
local mine = 0
if redis.call('SET', refresh, token, 'NX', 'PX', lease) then
  mine = 1
elseif redis.call('GET', refresh) == token then
  redis.call('PEXPIRE', refresh, lease)
  mine = 1
end
return {stored[1] and 1 or 0, mine, stored[1] or '', fresh}
