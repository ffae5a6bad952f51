-- Session: touch. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: session') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: idle, absolute') end
local session = KEYS[1]
local idle = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if idle < 1 or idle > 2678400000 then return redis.error_reply('ERR idle must be an integer from 1 to 2678400000') end
local absolute = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if absolute < 1 or absolute > 31622400000 then return redis.error_reply('ERR absolute must be an integer from 1 to 31622400000') end

if redis.call('EXISTS', session) == 0 then return {0, 0} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSETNX', session, 'created', now)
local created = tonumber(redis.call('HGET', session, 'created'))
local life = math.min(idle, created + absolute - now)
if life <= 0 then
  redis.call('DEL', session)
  return {0, 0}
end
redis.call('PEXPIRE', session, life)
return {1, life}
