-- Delayed jobs: move those that are due. The page beside this file says what it promises and what each value means.
if #KEYS ~= 3 then return redis.error_reply('ERR 3 keys are needed: schedule, payloads, ready') end
if #ARGV ~= 1 then return redis.error_reply('ERR 1 argument is needed: batch') end
local schedule, payloads, ready = KEYS[1], KEYS[2], KEYS[3]
local batch = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if batch < 1 or batch > 1000 then return redis.error_reply('ERR batch must be an integer from 1 to 1000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGE', schedule, '-inf', now, 'BYSCORE', 'LIMIT', 0, batch)
local jobs = {}
if due[1] then
  for _, job in ipairs(redis.call('HMGET', payloads, unpack(due))) do
    -- A job without a payload was put there by somebody else; it has nothing to run.
    if job then jobs[#jobs + 1] = job end
  end
  if jobs[1] then redis.call('LPUSH', ready, unpack(jobs)) end
  redis.call('HDEL', payloads, unpack(due))
  redis.call('ZREM', schedule, unpack(due))
end
local first = redis.call('ZRANGE', schedule, 0, 0, 'WITHSCORES')
return {#jobs, first[2] and math.max(tonumber(first[2]) - now, 0) or -1}
