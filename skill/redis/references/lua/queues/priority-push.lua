-- Priority queue: push. The page beside this file says what it promises and what each value means.
if #KEYS ~= 3 then return redis.error_reply('ERR 3 keys are needed: ready, payloads, sequence') end
if #ARGV ~= 3 then return redis.error_reply('ERR 3 arguments are needed: id, priority, payload') end
local ready, payloads, sequence = KEYS[1], KEYS[2], KEYS[3]
local id = ARGV[1]
if #id < 1 or #id > 200 then return redis.error_reply('ERR id must have 1 to 200 bytes') end
local priority = tonumber(string.match(ARGV[2], '^%d+$') or -1)
if priority < 0 or priority > 2000000 then return redis.error_reply('ERR priority must be an integer from 0 to 2000000') end
local payload = ARGV[3]
if #payload > 100000 then return redis.error_reply('ERR payload must have 0 to 100000 bytes') end

if redis.call('HSETNX', payloads, id, payload) == 0 then return {0, redis.call('ZCARD', ready)} end
local number = redis.call('INCR', sequence) % 4294967296
redis.call('ZADD', ready, string.format('%.0f', priority * 4294967296 + number), id)
return {1, redis.call('ZCARD', ready)}
