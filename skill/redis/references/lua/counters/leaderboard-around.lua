-- Leaderboard: rank with neighbours. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: board, members') end
if #ARGV ~= 2 then return redis.error_reply('ERR 2 arguments are needed: player, neighbours') end
local board, members = KEYS[1], KEYS[2]
local player = ARGV[1]
if #player < 1 or #player > 200 then return redis.error_reply('ERR player must have 1 to 200 bytes') end
local neighbours = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if neighbours < 0 or neighbours > 50 then return redis.error_reply('ERR neighbours must be an integer from 0 to 50') end

local member = redis.call('HGET', members, player)
local rank = member and redis.call('ZREVRANK', board, member)
if not rank then return {} end
local first = math.max(rank - neighbours, 0)
local reply = {rank + 1, first + 1}
for n, part in ipairs(redis.call('ZRANGE', board, first, rank + neighbours, 'REV', 'WITHSCORES')) do
  -- Every other one is a score; a player follows 13 digits and a colon.
  reply[n + 2] = n % 2 == 1 and string.sub(part, 15) or part
end
return reply
