-- Versioned entry: store. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: entry') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: version, ttl, value') end
local entry = KEYS[1]
local version = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if version < 0 or version > 9007199254740991 then return redis.error_reply('ERR version must be an integer from 0 to 9007199254740991') end
local ttl = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if ttl < 1 or ttl > 2678400000 then return redis.error_reply('ERR ttl must be an integer from 1 to 2678400000') end
local value = ARGV[3]
if #value > 100000 then return redis.error_reply('ERR value must have 0 to 100000 bytes') end

local there = tonumber(redis.call('HGET', entry, 'version') or '-1')
if there > version then return {0, there} end
redis.call('HSET', entry, 'version', string.format('%.0f', version), 'value', value)
redis.call('PEXPIRE', entry, ttl)
return {1, version}
