-- What is done with a room in Redis, each act in one piece: nobody sees half of it.
--
-- KEYS  living, the codes of all rooms by the time they end; and of one room: itself, was (that there was such a
--       room), seats (how many checkpoints each answered, and which server it sits at), here (those who sit
--       there, by the time until which that holds), answers, counts (of every choice, and how many choices a
--       checkpoint has), order (of the checkpoints)
-- ARGV  the act, and what it needs
--
-- Answers a list: "ok" and what was found, or the name of the problem. A room and all that is in it live as long as
-- it does: Redis forgets them itself, by its own clock, which all servers share.
--
-- Where Redis is full it refuses an act whose first write needs memory. So a new room and a new learner begin with
-- such a write, and are refused; the acts of those who are in begin with binding, which needs none, and are done.

local living, room, was, seats, here, answers, counts, order = unpack(KEYS)
local act, code, life, remembered = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6

local function present() return redis.call('ZCOUNT', here, now, '+inf') end

local function sits(seat) return tonumber(redis.call('ZSCORE', here, seat) or 0) > now end

local function found() return {'ok', redis.call('HGETALL', room), present()} end

-- All that there is lives as long as the room.
local function bind()
  local left = redis.call('PTTL', room)
  for _, key in ipairs({seats, here, answers, counts, order}) do redis.call('PEXPIRE', key, left) end
end

-- The host is there: the room's life is counted anew.
local function prolong()
  redis.call('EXPIRE', room, life)
  redis.call('SET', was, '', 'EX', life + remembered)
  redis.call('ZADD', living, now + life, code)
  redis.call('ZREMRANGEBYSCORE', living, '-inf', now)
  bind()
end

local function tally(checkpoint)
  local told = {checkpoint}
  for choice = 0, redis.call('HGET', counts, checkpoint) - 1 do
    told[#told + 1] = tonumber(redis.call('HGET', counts, checkpoint .. ' ' .. choice) or 0)
  end
  return told
end

local acts, led = {}, {}

function acts.open(secret, most)
  if redis.call('ZCOUNT', living, now, '+inf') >= tonumber(most) then return {'TooManyRooms'} end
  if redis.call('EXISTS', was) == 1 then return {'taken'} end
  redis.call('HSET', room, 'secret', secret, 'step', 0)
  prolong()
  return {'ok'}
end

function acts.room() return found() end

function led.host() end

function led.publish(path, query)
  redis.call('HINCRBY', room, 'step', 1)
  redis.call('HSET', room, 'path', path, 'query', query)
  redis.call('HDEL', room, 'length', 'token')
end

function led.look(length, token) redis.call('HSET', room, 'length', length, 'token', token) end

function led.rule(...) if #{...} > 0 then redis.call('HSET', room, ...) end end

function led.reset()
  redis.call('HSET', room, 'frozen', 0)
  redis.call('DEL', answers, counts, order)
  for _, seat in ipairs(redis.call('HKEYS', seats)) do
    if not seat:find(' ') then redis.call('HSET', seats, seat, 0) end
  end
end

function acts.close(secret)
  if redis.call('HGET', room, 'secret') ~= secret then return {'NotTheHost'} end
  redis.call('DEL', room, seats, here, answers, counts, order)
  redis.call('ZREM', living, code)
  redis.call('SET', was, '', 'EX', remembered)
  return {'ok'}
end

function acts.join(seat, new, server, lease, most)
  local known = redis.call('HEXISTS', seats, seat) == 1
  if not sits(seat) and present() >= tonumber(most) then return {'RoomFull'} end
  if known then
    bind()
  else
    seat = new
    redis.call('HSET', seats, seat, 0)
  end
  redis.call('HSET', seats, seat .. ' at', server)
  redis.call('ZADD', here, now + lease, seat)
  redis.call('ZREMRANGEBYSCORE', here, '-inf', now)
  bind()
  local answer = found()
  answer[4] = known and 1 or 0
  return answer
end

-- Who sits at another server by now has not got up.
function acts.leave(seat, server)
  if redis.call('HGET', seats, seat .. ' at') == server then redis.call('ZREM', here, seat) end
  return found()
end

function acts.answer(seat, checkpoint, choice, choices, most)
  local place = checkpoint .. ' ' .. seat
  local before = redis.call('HGET', answers, place)
  if not sits(seat) or (not before and tonumber(redis.call('HGET', seats, seat)) >= tonumber(most)) then
    return {'NoSeat'}
  end
  if (redis.call('HGET', counts, checkpoint) or choices) ~= choices then return {'OtherChoices'} end
  bind()
  redis.call('HSET', answers, place, choice)
  if before then
    redis.call('HINCRBY', counts, checkpoint .. ' ' .. before, -1)
  else
    redis.call('HINCRBY', seats, seat, 1)
  end
  redis.call('HSET', counts, checkpoint, choices)
  redis.call('HINCRBY', counts, checkpoint .. ' ' .. choice, 1)
  redis.call('ZADD', order, redis.call('HINCRBY', room, 'answered', 1), checkpoint)
  bind()
  return {'ok', tally(checkpoint)}
end

function acts.tallies()
  local told = {}
  for _, checkpoint in ipairs(redis.call('ZRANGE', order, 0, -1)) do told[#told + 1] = tally(checkpoint) end
  return {'ok', told}
end

local rest = {unpack(ARGV, 5)}
if act ~= 'open' and redis.call('EXISTS', room) == 0 then
  return {redis.call('EXISTS', was) == 1 and 'RoomEnded' or 'NoSuchRoom'}
elseif acts[act] then
  return acts[act](unpack(rest))
elseif redis.call('HGET', room, 'secret') ~= table.remove(rest, 1) then
  return {'NotTheHost'}
end
prolong()
led[act](unpack(rest))
return found()
