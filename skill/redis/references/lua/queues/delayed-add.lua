-- Delayed jobs: add. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: schedule, payloads') end
if #ARGV ~= 4 then return redis.error_reply('ERR 4 arguments are needed: id, mode, when, payload') end
local schedule, payloads = KEYS[1], KEYS[2]
local id = ARGV[1]
if #id < 1 or #id > 200 then return redis.error_reply('ERR id must have 1 to 200 bytes') end
local mode = ARGV[2]
if mode ~= 'in' and mode ~= 'at' then return redis.error_reply('ERR mode must be in or at') end
local when = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if when < 0 or when > 1000000000000000 then return redis.error_reply('ERR when must be an integer from 0 to 1000000000000000') end
local payload = ARGV[4]
if #payload > 100000 then return redis.error_reply('ERR payload must have 0 to 100000 bytes') end

local due = when
if mode == 'in' then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  due = now + when
end
if redis.call('ZADD', schedule, 'NX', due, id) == 0 then
  return {0, tonumber(redis.call('ZSCORE', schedule, id))}
end
redis.call('HSET', payloads, id, payload)
return {1, due}
