-- Stock: settle a reservation. The page beside this file says what it promises and what each value means.
if #KEYS ~= 3 then return redis.error_reply('ERR 3 keys are needed: stock, holds, amounts') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: id, outcome') end
local stock, holds, amounts = KEYS[1], KEYS[2], KEYS[3]
local id = ARGV[1]
if #id < 1 or #id > 200 then return redis.error_reply('ERR id must have 1 to 200 bytes') end
local outcome = ARGV[2]
if outcome ~= 'sold' and outcome ~= 'back' then return redis.error_reply('ERR outcome must be sold or back') end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = redis.call('ZSCORE', holds, id)
if not ends then return {0, tonumber(redis.call('GET', stock) or '0')} end
local amount = redis.call('HGET', amounts, id) or '0'
redis.call('HDEL', amounts, id)
redis.call('ZREM', holds, id)
local over = tonumber(ends) < now
if over or outcome == 'back' then redis.call('INCRBY', stock, amount) end
return {over and 0 or 1, tonumber(redis.call('GET', stock) or '0')}
