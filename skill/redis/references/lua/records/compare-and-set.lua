-- Compare and set. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: value') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: expected, wanted, ttl') end
local value = KEYS[1]
local expected = ARGV[1]
if #expected > 100000 then return redis.error_reply('ERR expected must have 0 to 100000 bytes') end
local wanted = ARGV[2]
if #wanted > 100000 then return redis.error_reply('ERR wanted must have 0 to 100000 bytes') end
local ttl = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if ttl < 0 or ttl > 31622400000 then return redis.error_reply('ERR ttl must be an integer from 0 to 31622400000') end

local current = redis.call('GET', value) or ''
if current ~= expected then return {0, current} end
if ttl == 0 then
  redis.call('SET', value, wanted, 'KEEPTTL')
else
  redis.call('SET', value, wanted, 'PX', ttl)
end
return {1, wanted}
