-- Stock: reserve. The page beside this file says what it promises and what each value means.
if #KEYS ~= 3 then return redis.error_reply('ERR 3 keys are needed: stock, holds, amounts') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: id, amount, hold') end
local stock, holds, amounts = KEYS[1], KEYS[2], KEYS[3]
local id = ARGV[1]
if #id < 1 or #id > 200 then return redis.error_reply('ERR id must have 1 to 200 bytes') end
local amount = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if amount < 1 or amount > 1000000000 then return redis.error_reply('ERR amount must be an integer from 1 to 1000000000') end
local hold = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if hold < 1 or hold > 2678400000 then return redis.error_reply('ERR hold must be an integer from 1 to 2678400000') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Before this millisecond: no lease is shorter than it was promised.
local past = string.format('(%.0f', now)
local back = 0
for _, old in ipairs(redis.call('ZRANGE', holds, '-inf', past, 'BYSCORE', 'LIMIT', 0, 100)) do
  back = back + tonumber(redis.call('HGET', amounts, old) or '0')
  redis.call('HDEL', amounts, old)
  redis.call('ZREM', holds, old)
end
if back > 0 then redis.call('INCRBY', stock, string.format('%.0f', back)) end

local left = tonumber(redis.call('GET', stock) or '0')
local ends = redis.call('ZSCORE', holds, id)
if ends then return {1, left, tonumber(ends) - now} end
if left < amount then return {0, left, 0} end
left = redis.call('DECRBY', stock, string.format('%.0f', amount))
redis.call('ZADD', holds, now + hold, id)
redis.call('HSET', amounts, id, string.format('%.0f', amount))
return {1, left, hold}
