-- Compare and delete. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: value') end
if #ARGV ~= 1 then return redis.error_reply('ERR 1 argument is needed: expected') end
local value = KEYS[1]
local expected = ARGV[1]
if #expected < 1 or #expected > 100000 then return redis.error_reply('ERR expected must have 1 to 100000 bytes') end

if redis.call('GET', value) ~= expected then return 0 end
return redis.call('DEL', value)
