-- Transfer between two counters. The page beside this file says what it promises and what each value means.
if #KEYS ~= 3 then return redis.error_reply('ERR 3 keys are needed: source, target, receipt') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: amount, keep') end
local source, target, receipt = KEYS[1], KEYS[2], KEYS[3]
local amount = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if amount < 1 or amount > 1000000000000 then return redis.error_reply('ERR amount must be an integer from 1 to 1000000000000') end
local keep = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if keep < 1 or keep > 2678400000 then return redis.error_reply('ERR keep must be an integer from 1 to 2678400000') end

if source == target then return redis.error_reply('ERR source and target must be two keys') end
local from, to = tonumber(redis.call('GET', source) or '0'), tonumber(redis.call('GET', target) or '0')
if redis.call('EXISTS', receipt) == 1 then return {1, from, to} end
if from < amount then return {0, from, to} end
if to > 9007199254740991 - amount then return redis.error_reply('ERR target would exceed 2^53 - 1') end
local text = string.format('%.0f', amount)
from = redis.call('DECRBY', source, text)
to = redis.call('INCRBY', target, text)
redis.call('SET', receipt, text, 'PX', keep)
return {1, from, to}
