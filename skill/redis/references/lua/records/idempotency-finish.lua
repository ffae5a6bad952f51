-- Idempotency key: store the reply. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: record') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: token, keep, reply') end
local record = KEYS[1]
local token = ARGV[1]
if #token < 1 or #token > 200 then return redis.error_reply('ERR token must have 1 to 200 bytes') end
local keep = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if keep < 1 or keep > 2678400000 then return redis.error_reply('ERR keep must be an integer from 1 to 2678400000') end
local reply = ARGV[3]
if #reply > 100000 then return redis.error_reply('ERR reply must have 0 to 100000 bytes') end

if redis.call('HGET', record, 'token') ~= token then return 0 end
redis.call('HSETNX', record, 'reply', reply)
redis.call('PEXPIRE', record, keep)
return 1
