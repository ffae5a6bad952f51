-- Versioned entry: invalidate. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: entry') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: version, keep') end
local entry = KEYS[1]
local version = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if version < 0 or version > 9007199254740991 then return redis.error_reply('ERR version must be an integer from 0 to 9007199254740991') end
local keep = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if keep < 1 or keep > 86400000 then return redis.error_reply('ERR keep must be an integer from 1 to 86400000') end

local there = tonumber(redis.call('HGET', entry, 'version') or '-1')
if there > version then return {0, there} end
redis.call('HSET', entry, 'version', string.format('%.0f', version))
redis.call('HDEL', entry, 'value')
redis.call('PEXPIRE', entry, keep)
return {1, version}
