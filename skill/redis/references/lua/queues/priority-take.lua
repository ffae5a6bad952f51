-- Priority queue: take. The page beside this file says what it promises and what each value means.
if #KEYS ~= 4 then return redis.error_reply('ERR 4 keys are needed: ready, payloads, leases, held') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: token, lease') end
local ready, payloads, leases, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local lease = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if lease < 1 or lease > 86400000 then return redis.error_reply('ERR lease must be an integer from 1 to 86400000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Before this millisecond: no lease is shorter than it was promised.
local past = string.format('(%.0f', now)
local over = redis.call('ZRANGE', leases, '-inf', past, 'BYSCORE', 'LIMIT', 0, 100)
for _, late in ipairs(over) do
  local score, id = string.match(redis.call('HGET', held, late) or '', '^(%d+):(.*)$')
  if id then redis.call('ZADD', ready, score, id) end
  redis.call('HDEL', held, late)
  redis.call('ZREM', leases, late)
end

local entry = redis.call('HGET', held, token)
if not entry then
  local first = redis.call('ZPOPMIN', ready)
  if not first[1] then return {} end
  entry = string.format('%.0f:', tonumber(first[2])) .. first[1]
  redis.call('HSET', held, token, entry)
end
redis.call('ZADD', leases, now + lease, token)
local id = string.match(entry, '^%d+:(.*)$')
return {id, redis.call('HGET', payloads, id) or '', lease}
