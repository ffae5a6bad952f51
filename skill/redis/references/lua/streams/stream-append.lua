-- Stream: append once, trim what was read. The page beside this file says what it promises and what each value means.
if #KEYS ~= 2 then return redis.error_reply('ERR 2 keys are needed: stream, mark') end
if #ARGV ~= 4 then return redis.error_reply('ERR 4 arguments are needed: keep, hold, field, value') end
local stream, mark = KEYS[1], KEYS[2]
local keep = tonumber(string.match(ARGV[1], '^%d+$') or -1)
if keep < 1 or keep > 10000000 then return redis.error_reply('ERR keep must be an integer from 1 to 10000000') end
local hold = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if hold < 1 or hold > 86400000 then return redis.error_reply('ERR hold must be an integer from 1 to 86400000') end
local field = ARGV[3]
if #field < 1 or #field > 1000 then return redis.error_reply('ERR field must have 1 to 1000 bytes') end
local value = ARGV[4]
if #value > 100000 then return redis.error_reply('ERR value must have 0 to 100000 bytes') end

local before = redis.call('GET', mark)
if before then return {before, 0, redis.call('XLEN', stream)} end
local id = redis.call('XADD', stream, '*', field, value)
redis.call('SET', mark, id, 'PX', hold)

-- Ids are two numbers; as text, "9-1" would be above "10-1".
local function below(a, b)
  local a_ms, a_n = string.match(a, '^(%d+)-(%d+)$')
  local b_ms, b_n = string.match(b, '^(%d+)-(%d+)$')
  if a_ms ~= b_ms then return tonumber(a_ms) < tonumber(b_ms) end
  return tonumber(a_n) < tonumber(b_n)
end

local length = redis.call('XLEN', stream)
if length > keep then
  -- The first entry that some group still needs: its oldest pending one, or the one after the last it was given.
  local needed, given
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local about = {}
    for n = 1, #group, 2 do about[group[n]] = group[n + 1] end
    local pending = redis.call('XPENDING', stream, about.name)
    if pending[1] > 0 then
      if not needed or below(pending[2], needed) then needed = pending[2] end
    elseif not given or below(about['last-delivered-id'], given) then
      given = about['last-delivered-id']
    end
  end
  local surplus = math.min(length - keep, 100)
  local drop = {}
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', surplus)) do
    local kept = (needed and not below(entry[1], needed)) or (given and below(given, entry[1]))
    if kept then break end
    drop[#drop + 1] = entry[1]
  end
  if drop[1] then length = length - redis.call('XDEL', stream, unpack(drop)) end
end
return {id, 1, length}
