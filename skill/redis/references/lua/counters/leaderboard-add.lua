-- Leaderboard: set a score. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: board, members') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: player, score, mode') end
local board, members = KEYS[1], KEYS[2]
local player = ARGV[1]
if #player < 1 or #player > 200 then return redis.error_reply('ERR player must have 1 to 200 bytes') end
local score = tonumber(string.match(ARGV[2], '^%-?%d+$') or -math.huge)
if score < -9007199254740991 or score > 9007199254740991 then return redis.error_reply('ERR score must be an integer from -9007199254740991 to 9007199254740991') end
local mode = ARGV[3]
if mode ~= 'best' and mode ~= 'set' then return redis.error_reply('ERR mode must be best or set') end

local member = redis.call('HGET', members, player)
if member then
  local old = tonumber(redis.call('ZSCORE', board, member) or '-inf')
  if score == old or (mode == 'best' and score < old) then
    return {redis.call('ZREVRANK', board, member) + 1, string.format('%.0f', old), 0}
  end
  redis.call('ZREM', board, member)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Counts down, so that the earlier one is the greater and comes first from above.
member = string.format('%013.0f:', 9999999999999 - now) .. player
local text = string.format('%.0f', score)
redis.call('ZADD', board, text, member)
redis.call('HSET', members, player, member)
return {redis.call('ZREVRANK', board, member) + 1, text, 1}
