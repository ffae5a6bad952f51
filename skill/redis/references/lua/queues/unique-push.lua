-- Unique jobs: push once. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: ready, mark') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: token, hold, payload') end
local ready, mark = KEYS[1], KEYS[2]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local hold = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if hold < 1 or hold > 2678400000 then return redis.error_reply('ERR hold must be an integer from 1 to 2678400000') end
local payload = ARGV[3]
if #payload > 100000 then return redis.error_reply('ERR payload must have 0 to 100000 bytes') end

if redis.call('SET', mark, token, 'NX', 'PX', hold) then
  redis.call('LPUSH', ready, payload)
  return {1, hold}
end
local mine = redis.call('GET', mark) == token
return {mine and 1 or 0, math.max(redis.call('PTTL', mark), 0)}
