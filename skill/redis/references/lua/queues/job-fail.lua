-- Job queue: failed. The page beside this file says what it promises and what each value means.
if #KEYS ~= 5 then return redis.error_reply('ERR 5 keys are needed: delayed, leases, owners, attempts, dead') end
if #ARGV ~= 4 then return redis.error_reply('ERR 4 arguments are needed: token, id, pause, maximum') end
local delayed, leases, owners, attempts, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local id = ARGV[2]
if #id < 1 or #id > 200 then return redis.error_reply('ERR id must have 1 to 200 bytes') end
local pause = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if pause < 0 or pause > 2678400000 then return redis.error_reply('ERR pause must be an integer from 0 to 2678400000') end
local maximum = tonumber(string.match(ARGV[4], '^%d+$') or -1)
if maximum < 1 or maximum > 1000 then return redis.error_reply('ERR maximum must be an integer from 1 to 1000') end

if redis.call('HGET', owners, id) ~= token then return {0, 0} end
redis.call('ZREM', leases, id)
redis.call('HDEL', owners, id)
local tried = tonumber(redis.call('HGET', attempts, id) or '0')
if tried >= maximum then
  redis.call('HDEL', attempts, id)
  redis.call('HSET', dead, id, tried)
  return {2, tried}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', delayed, now + pause, id)
return {1, tried}
