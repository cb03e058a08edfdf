/**
 * Rates, by the rule of `core/rate.ts`: the starts that count, as first, last, count of each group of them. A test
 * compares both.
 */
export const RATES = `
local function startsWithin(text, per)
  local kept, used = {}, 0
  for first, last, number in string.gmatch(text or '', '(%d+),(%d+),(%d+)') do
    if last + per > now then
      kept[#kept + 1] = { tonumber(first), tonumber(last), tonumber(number) }
      used = used + number
    end
  end
  return kept, used
end

local function startsLeft(text, limit, per)
  local _, used = startsWithin(text, per)
  return math.max(0, limit - used)
end

local function withStarts(text, per, number)
  local kept = startsWithin(text, per)
  local newest = kept[#kept]
  if number > 0 then
    if not newest or now - newest[1] >= per / 16 then
      kept[#kept + 1] = { now, now, number }
    else
      newest[2], newest[3] = now, newest[3] + number
    end
  end
  for nth, starts in ipairs(kept) do kept[nth] = format('%d,%d,%d', starts[1], starts[2], starts[3]) end
  return table.concat(kept, ';')
end

local function nextStartAt(text, limit, per)
  local kept, used = startsWithin(text, per)
  for _, starts in ipairs(kept) do
    if used < limit then return now end
    used = used - starts[3]
    if used < limit then return starts[2] + per end
  end
  return now
end
`;

/**
 * Queues that have groups or limits, and the groups of them. A group is in one of three places: by its turn in the
 * lanes where it has ready jobs (`o`), among those to be looked at later (`l`: once its rate lets go on, or at FULL, when
 * an end of a run or another limit makes room), or nowhere, since it has nothing ready or is paused.
 *
 * | key | holds |
 * |---|---|
 * | `governed` | queue → its limits as six numbers, - for none. Never goes away |
 * | `governor:<queue>` | the last turn given, the turn of jobs without a group, the starts that count |
 * | `running:<queue>`, `started:<group>` | ids of what runs: a limit is never read from a counter |
 * | `group:<group>` | living: jobs that have not ended; where; turn, outside of the lanes; starts, paused. Goes with the last that it says |
 * | `lines:<group>` | lanes in which it has ready jobs |
 * | `ready:<lane>:<name>` | its ready jobs, as in `ready:<lane>`, the place in 20 bytes |
 * | `gready:<lane>`, `gscheduled:<lane>`, `gretrying:<lane>` | those of all groups, by the time they are due; of later ones also those with an order |
 * | `turns:<lane>`, `later:<queue>` | names of groups, by turn and by time |
 * | `grouped` | id → group |
 */
export const TURNS = `${RATES}
local FULL = 1000000000000000
local queues, limitsBy, turnsBy = {}, {}, {}
local touched, roomy, reserved = {}, {}, {}

local function queueOf(lane)
  if not queues[lane] then queues[lane] = call('LINDEX', base .. 'lanes:texts', 2 * tonumber(lane) - 2) end
  return queues[lane]
end

-- The limits of a governed queue; false of another.
local function limitsOf(queue)
  if limitsBy[queue] ~= nil then return limitsBy[queue] end
  local text, found = call('HGET', base .. 'governed', queue), false
  if text then
    local all = {}
    for word in string.gmatch(text, '%S+') do all[#all + 1] = tonumber(word) or false end
    found = { most = all[1], starts = all[2], per = all[3], groupMost = all[4], groupStarts = all[5], groupPer = all[6] }
  end
  limitsBy[queue] = found
  return found
end

-- From now on what runs in the queue is known one by one; what runs already is looked for, once.
local function govern(queue)
  if limitsOf(queue) then return end
  limitsBy[queue] = nil
  call('HSET', base .. 'governed', queue, '- - - - - -')
  for _, claim in ipairs(call('ZRANGE', LEASES, 0, -1)) do
    local ids, states = runningOf(claim)
    for nth, id in ipairs(ids) do
      if queueOf(laneOf(states[nth])) == queue then
        call('HSET', STATES, id, '32' .. sub(fullOf(states[nth], call('HGET', JOBS, id)), 3))
        call('SADD', base .. 'running:' .. queue, id)
      end
    end
  end
end

local function turnsOf(queue, name)
  local key = #queue .. ':' .. queue .. name
  local g = turnsBy[key]
  if not g then
    g = { queue = queue, name = name, key = base .. 'group:' .. key, lines = base .. 'lines:' .. key,
      started = base .. 'started:' .. key, later = base .. 'later:' .. queue }
    turnsBy[key] = g
  end
  return g
end

-- Who may need several takes their numbers at once; those that it does not give are left out.
local function nextTurn(queue, several)
  local own = reserved[queue]
  if not own or own.given == own.last then
    local last = call('HINCRBY', base .. 'governor:' .. queue, 'turns', several or 1)
    own = { given = last - (several or 1), last = last }
    reserved[queue] = own
  end
  own.given = own.given + 1
  return own.given
end

-- Of a group in the lanes. It is the same in all of them.
local function turnOf(g)
  for _, lane in ipairs(call('SMEMBERS', g.lines)) do
    local turn = call('ZSCORE', base .. 'turns:' .. lane, g.name)
    if turn then return turn end
  end
end

local function standWith(g, lanes, turn)
  for _, lane in ipairs(lanes) do call('ZADD', base .. 'turns:' .. lane, format('%d', turn), g.name) end
end

local function stand(g, where, at)
  local before = call('HGET', g.key, 'where')
  if before == 'l' and where ~= 'l' then call('ZREM', g.later, g.name) end
  if before == 'o' then
    local turn = turnOf(g)
    if turn then call('HSET', g.key, 'turn', turn) end
    for _, lane in ipairs(call('SMEMBERS', g.lines)) do call('ZREM', base .. 'turns:' .. lane, g.name) end
  end
  if where == 'o' then standWith(g, call('SMEMBERS', g.lines), call('HGET', g.key, 'turn')) end
  if where == 'l' then call('ZADD', g.later, format('%d', at), g.name) end
  if where then call('HSET', g.key, 'where', where) else call('HDEL', g.key, 'where') end
end

local function lineOf(lane, g) return base .. 'ready:' .. lane .. ':' .. g.name end

-- The same order in 20 bytes: with an id of ours short enough for Redis to keep a short line in one piece (64).
local function shortOf(member)
  local due, arrival = tonumber(sub(member, 11, 26)), tonumber(sub(member, 27, 39))
  return struct.pack('>I4I4I4I4I4', tonumber(sub(member, 1, 10)), math.floor(due / 4294967296), due % 4294967296,
    math.floor(arrival / 4294967296), arrival % 4294967296) .. sub(member, 40)
end

local function addReady(lane, g, member, due)
  call('ZADD', lineOf(lane, g), 0, shortOf(member))
  call('ZADD', base .. 'gready:' .. lane, due, sub(member, 40))
  if call('SADD', g.lines, lane) == 0 then return end
  local where = call('HGET', g.key, 'where')
  if where == 'o' then return standWith(g, { lane }, turnOf(g)) end
  if call('SCARD', g.lines) == 1 then
    call('HSET', g.key, 'turn', nextTurn(g.queue))
    -- It stood there to be forgotten. Whether its rate holds it back is seen when its turn comes.
    if where == 'l' then
      stand(g, nil)
      where = nil
    end
  end
  if not where and call('HEXISTS', g.key, 'paused') == 0 then stand(g, 'o') end
end

-- A line that nothing is left in. With the last of them the group is nowhere.
local function dropLine(lane, g)
  call('SREM', g.lines, lane)
  call('ZREM', base .. 'turns:' .. lane, g.name)
  if call('EXISTS', g.lines) == 1 then return end
  if call('HGET', g.key, 'where') == 'l' then call('ZREM', g.later, g.name) end
  call('HDEL', g.key, 'where', 'turn')
end

local function removeReady(lane, g, member)
  if call('ZREM', lineOf(lane, g), shortOf(member)) == 0 then return false end
  call('ZREM', base .. 'gready:' .. lane, sub(member, 40))
  if call('EXISTS', lineOf(lane, g)) == 0 then dropLine(lane, g) end
  return true
end

-- So many jobs more of the group have not ended.
local function join(lane, group, by)
  local g = turnsOf(queueOf(lane), group)
  if call('HINCRBY', g.key, 'living', by) <= 0 then touched[g.key] = g end
end

local function forgetIdle(g)
  if tonumber(call('HGET', g.key, 'living') or 0) > 0 then return end
  if call('HEXISTS', g.key, 'paused') == 1 then return end
  local limits = limitsOf(g.queue)
  local kept = limits and limits.groupPer and startsWithin(call('HGET', g.key, 'starts'), limits.groupPer) or {}
  local newest = kept[#kept]
  -- Its last starts still count: it goes once they do not.
  if newest then return stand(g, 'l', newest[2] + limits.groupPer) end
  stand(g, nil)
  call('DEL', g.key)
end

-- Of jobs of one lane, and the group of each, if it has one. There may be room now for some that somebody else waits for.
local function endRuns(lane, ids, groups)
  local queue = queueOf(lane)
  local limits = limitsOf(queue)
  local number = limits and call('SREM', base .. 'running:' .. queue, unpack(ids)) or 0
  if number == 0 then return end
  if limits.most and call('SCARD', base .. 'running:' .. queue) + number >= limits.most then roomy[queue] = lane end
  -- Without such a limit nobody stands there at FULL (see LIMIT).
  local isHeld = limits.groupMost and call('EXISTS', base .. 'later:' .. queue) == 1
  for nth, id in ipairs(ids) do
    local g = groups[nth] and turnsOf(queue, groups[nth])
    if g then call('SREM', g.started, id) end
    if g and isHeld and tonumber(call('ZSCORE', g.later, g.name)) == FULL and call('EXISTS', g.lines) == 1 then
      stand(g, 'o')
      roomy[queue] = lane
    end
  end
end

-- Room that was taken again in the same step is no news.
local function endTurns()
  for _, g in pairs(touched) do forgetIdle(g) end
  for queue, lane in pairs(roomy) do
    local most = limitsOf(queue).most
    if not most or call('SCARD', base .. 'running:' .. queue) < most then freed[lane] = true end
  end
end
`;
