-- Stale while revalidate: store. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: entry, refresh') end
if #ARGV ~= 4 then return redis.error_reply('ERR 4 arguments are needed: token, fresh, stale, value') end
local entry, refresh = KEYS[1], KEYS[2]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local fresh = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if fresh < 1 or fresh > 2678400000 then return redis.error_reply('ERR fresh must be an integer from 1 to 2678400000') end
local stale = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if stale < 0 or stale > 2678400000 then return redis.error_reply('ERR stale must be an integer from 0 to 2678400000') end
local value = ARGV[4]
if #value > 100000 then return redis.error_reply('ERR value must have 0 to 100000 bytes') end

if redis.call('GET', refresh) ~= token then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('DEL', refresh)
redis.call('HSET', entry, 'value', value, 'fresh', now + fresh)
redis.call('PEXPIRE', entry, fresh + stale)
return 1
