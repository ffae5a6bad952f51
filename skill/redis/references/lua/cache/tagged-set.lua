-- Tagged entry: store. The page beside this file says what it promises and what each value means.
if #KEYS < 2 or #KEYS > 1000 then return redis.error_reply('ERR 2 to 1000 keys are needed: entry, tag...') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: ttl, tags, value') end
local entry = KEYS[1]
local ttl = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if ttl < 1 or ttl > 2678400000 then return redis.error_reply('ERR ttl must be an integer from 1 to 2678400000') end
local tags = ARGV[2]
if #tags < 1 or #tags > 20000 then return redis.error_reply('ERR tags must have 1 to 20000 bytes') end
local value = ARGV[3]
if #value > 100000 then return redis.error_reply('ERR value must have 0 to 100000 bytes') end

local names = {}
for n = 2, #KEYS do names[n - 1] = KEYS[n] end
local states = redis.call('MGET', unpack(names))
for n = 1, #names do states[n] = states[n] or '0' end
if table.concat(states, ' ') ~= tags then return 0 end
redis.call('HSET', entry, 'value', value, 'tags', tags)
redis.call('PEXPIRE', entry, ttl)
return 1
