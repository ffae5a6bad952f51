-- Reentrant lock: release. The page beside this file says what it promises and what each value means.
if #KEYS ~= 1 then return redis.error_reply('ERR 1 key is needed: lock') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: owner, depth') end
local lock = KEYS[1]
local owner = ARGV[1]
if #owner < 1 or #owner > 200 then return redis.error_reply('ERR owner must have 1 to 200 bytes') end
local depth = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if depth < 0 or depth > 1000000 then return redis.error_reply('ERR depth must be an integer from 0 to 1000000') end

local held = redis.call('HMGET', lock, 'owner', 'depth')
if not held[1] then return {0, 0} end
local level = tonumber(held[2])
if held[1] ~= owner or depth > level then return {0, level} end
if depth == 0 then
  redis.call('DEL', lock)
else
  redis.call('HSET', lock, 'depth', depth)
end
return {1, depth}
