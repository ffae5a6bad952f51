-- Stream: claim with a cap on attempts. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: stream, dead') end
if #ARGV ~= 5 then return redis.error_reply('ERR 5 arguments are needed: group, consumer, idle, maximum, count') end
local stream, dead = KEYS[1], KEYS[2]
local group = ARGV[1]
if #group < 1 or #group > 200 then return redis.error_reply('ERR group must have 1 to 200 bytes') end
local consumer = ARGV[2]
if #consumer < 1 or #consumer > 200 then return redis.error_reply('ERR consumer must have 1 to 200 bytes') end
local idle = tonumber(string.match(ARGV[3], '^%d+$') or -1)
if idle < 0 or idle > 86400000 then return redis.error_reply('ERR idle must be an integer from 0 to 86400000') end
local maximum = tonumber(string.match(ARGV[4], '^%d+$') or -1)
if maximum < 1 or maximum > 1000 then return redis.error_reply('ERR maximum must be an integer from 1 to 1000') end
local count = tonumber(string.match(ARGV[5], '^%d+$') or -1)
if count < 1 or count > 100 then return redis.error_reply('ERR count must be an integer from 1 to 100') end

local given_up = 0
local reply = {0}
for _, late in ipairs(redis.call('XPENDING', stream, group, 'IDLE', idle, '-', '+', count)) do
  local id, attempts = late[1], late[4]
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if not entry then
    redis.call('XACK', stream, group, id)
  elseif attempts >= maximum then
    -- Lua passes at most some 7999 values to a command: an entry that is longer stays in its stream.
    local fields = #entry[2] <= 7000 and entry[2] or {}
    for _, about in ipairs({'dead:stream', stream, 'dead:id', id, 'dead:group', group, 'dead:attempts', attempts}) do
      fields[#fields + 1] = about
    end
    redis.call('XADD', dead, 'MAXLEN', '~', 10000, '*', unpack(fields))
    redis.call('XACK', stream, group, id)
    given_up = given_up + 1
  else
    redis.call('XCLAIM', stream, group, consumer, 0, id)
    reply[#reply + 1] = {id, attempts + 1, entry[2]}
  end
end
reply[1] = given_up
return reply
