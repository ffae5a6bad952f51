-- Tagged entry: read. The page beside this file says what it promises and what each value means.
if #KEYS < 2 or #KEYS > 1000 then return redis.error_reply('ERR 2 to 1000 keys are needed: entry, tag...') end
if #ARGV ~= 0 then return redis.error_reply('ERR no argument is needed') end
local entry = KEYS[1]

local names = {}
for n = 2, #KEYS do names[n - 1] = KEYS[n] end
local states = redis.call('MGET', unpack(names))
for n = 1, #names do states[n] = states[n] or '0' end
local tags = table.concat(states, ' ')
local stored = redis.call('HMGET', entry, 'value', 'tags')
if stored[1] and stored[2] == tags then return {1, stored[1], tags} end
return {0, '', tags}
