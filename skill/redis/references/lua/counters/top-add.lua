-- Top N. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: top') end
if #ARGV ~= 4 then return redis.error_reply('ERR 4 arguments are needed: member, score, keep, ttl') end
local top = KEYS[1]
local member = ARGV[1]
if #member < 1 or #member > 200 then return redis.error_reply('ERR member must have 1 to 200 bytes') end
local score = tonumber(string.match(ARGV[2], '^%-?%d+$') or -math.huge)
if score < -9007199254740991 or score > 9007199254740991 then return redis.error_reply('ERR score must be an integer from -9007199254740991 to 9007199254740991') end
local keep = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if keep < 1 or keep > 10000 then return redis.error_reply('ERR keep must be an integer from 1 to 10000') end
local ttl = tonumber(string.match(ARGV[4], '^%d+$') or -1)
if ttl < 1 or ttl > 31622400000 then return redis.error_reply('ERR ttl must be an integer from 1 to 31622400000') end

redis.call('ZADD', top, 'GT', string.format('%.0f', score), member)
redis.call('ZREMRANGEBYRANK', top, 0, -keep - 1)
redis.call('PEXPIRE', top, ttl)
local rank = redis.call('ZREVRANK', top, member)
return {rank and rank + 1 or 0, redis.call('ZCARD', top)}
