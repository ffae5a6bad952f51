-- Lock: release. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: lock') end
if #ARGV ~= 1 then return redis.error_reply('ERR 1 argument is needed: token') end
local lock = KEYS[1]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end

if redis.call('GET', lock) ~= token then return 0 end
return redis.call('DEL', lock)
