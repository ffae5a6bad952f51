-- Early refresh (XFetch): read. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: entry') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: chance, eagerness') end
local entry = KEYS[1]
local chance = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if chance < 1 or chance > 1000000 then return redis.error_reply('ERR chance must be an integer from 1 to 1000000') end
local eagerness = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if eagerness < 1 or eagerness > 10000 then return redis.error_reply('ERR eagerness must be an integer from 1 to 10000') end

local stored = redis.call('HMGET', entry, 'value', 'took', 'ends')
if not stored[1] then return {0, 1, '', 0} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local left = tonumber(stored[3]) - now
local early = -math.log(chance / 1000000) * tonumber(stored[2]) * eagerness / 100
return {1, early >= left and 1 or 0, stored[1], math.max(left, 0)}
