import { CLAIM_IN_TURN } from '../groups/claiming-in-turn.lua.js';
import { POP_PLAIN } from './plain-claiming.lua.js';
import { withRecords } from '../layout/records.lua.js';

/**
 * Moves what is due to the ready jobs, then claims the first of them. Returns milliseconds until the next is due,
 * -1 where none is known, or -2 where so many fell due that another call must move more of them before a claim
 * would keep their order; in one list id and body of jobs that were never claimed before, where those are all; then, for each
 * job, its id, its body and its state, which is empty at the first claim; in one list where there is more: group, flow, and
 * what it waited for.
 *
 * Safe under rivals: whoever takes a job off the ready ones is alone, and leases it in the same step.
 */
export const CLAIM = `
local function setAllAside(ids)
  for _, id in ipairs(ids) do
    setAside(id)
    local job = read(id)
    if job and waits(job) then unwait(id, job) end
  end
end

local function readyInTurn(lane, members)
  for _, member in ipairs(members) do
    local id = sub(member, 40)
    local group, state = call('HGET', base .. 'grouped', id), call('HGET', STATES, id)
    local due = dueOf(sub(state, 61, 99))
    if group then
      addReady(lane, turnsOf(queueOf(lane), group), member, due)
    else
      call('ZADD', base .. 'ready:' .. lane, 0, member)
      call('ZADD', base .. 'ordered:' .. lane, due, id)
    end
  end
end

local function promote()
  local left = CHUNK
  while true do
    local first = call('ZRANGE', base .. 'due', 0, 0, 'WITHSCORES')
    if #first == 0 then return nil end
    local line, due = first[1], tonumber(first[2])
    if due > now then return due end
    if left == 0 then return now end
    local members = call('ZRANGE', base .. line, '-inf', now, 'BYSCORE', 'LIMIT', 0, left)
    if #members > 0 then
      call('ZREMRANGEBYRANK', base .. line, 0, #members - 1)
      if line == 'expiries' then
        setAllAside(members)
      elseif sub(line, 1, 1) == 'g' then
        readyInTurn(sub(line, -7), members)
      else
        local added = {}
        for nth, member in ipairs(members) do added[2 * nth - 1], added[2 * nth] = '0', member end
        call('ZADD', base .. 'ready:' .. sub(line, -7), unpack(added))
      end
      left = left - #members
    end
    local nextOne = call('ZRANGE', base .. line, 0, 0, 'WITHSCORES')
    call('ZREM', base .. 'due', line)
    if #nextOne > 0 then call('ZADD', base .. 'due', nextOne[2], line) end
  end
end

-- What jobs of a lane wait in: its line, and those that are kept in order. Read in the order of the port, some at a time.
local function popFirst(source, limit)
  if source.lane then return popLine(source.lane, limit) end
  local popped, ids = call('ZPOPMIN', source.key, limit), {}
  for nth = 1, #popped / 2 do ids[nth] = sub(popped[2 * nth - 1], 40) end
  return ids
end

local function readOn(source, limit)
  source.taken = source.taken + #source.places
  local ids, places, from = {}, {}, source.taken
  if not source.lane then
    for nth, member in ipairs(call('ZRANGE', source.key, from, from + limit - 1)) do
      places[nth], ids[nth] = sub(member, 1, 39), sub(member, 40)
    end
  else
    ids = call('LRANGE', source.key, from, from + limit - 1)
    local bodies = #ids > 0 and call('HMGET', JOBS, unpack(ids)) or {}
    local states = source.ghosts > 0 and #ids > 0 and call('HMGET', STATES, unpack(ids)) or {}
    for nth, body in ipairs(bodies) do places[nth] = isLined(body, states[nth]) and sub(body, 1, 39) end
  end
  source.ids, source.places, source.nth = ids, places, 1
end

local function step(source, limit)
  source.nth = source.nth + 1
  while true do
    if source.nth > #source.places then readOn(source, limit) end
    source.place = source.places[source.nth]
    if source.place ~= false then return source.place ~= nil end
    source.dropped, source.nth = source.dropped + 1, source.nth + 1
  end
end

-- The source whose first job goes first stands last.
local function isBefore(a, b) return a.place < b.place end

local function merge(sources, limit)
  local share = math.ceil(limit / #sources)
  local taken, open = {}, {}
  for nth, source in ipairs(sources) do
    source.taken, source.nth, source.dropped, source.places = 0, 0, 0, {}
    source.ghosts = source.lane and ghostsOf(source.lane) or 0
    step(source, share)
    open[nth] = source
  end
  table.sort(open, function(a, b) return isBefore(b, a) end)
  while #taken < limit and #open > 0 do
    local source = table.remove(open)
    taken[#taken + 1] = source.ids[source.nth]
    if step(source, share) then
      local low, high = 1, #open + 1
      while low < high do
        local middle = math.floor((low + high) / 2)
        if isBefore(source, open[middle]) then low = middle + 1 else high = middle end
      end
      table.insert(open, low, source)
    end
  end
  for _, source in ipairs(sources) do
    local passed = source.taken + source.nth - 1
    if source.lane then
      call('LTRIM', source.key, passed, -1)
      addGhosts(source.lane, -source.dropped)
    elseif passed > 0 then
      call('ZREMRANGEBYRANK', source.key, 0, passed - 1)
    end
  end
  return taken
end

local function openOf(lanes)
  local open = {}
  for _, lane in ipairs(lanes) do
    for _, kind in ipairs({ 'line:', 'ready:' }) do
      local key = base .. kind .. lane
      if call('EXISTS', key) == 1 then open[#open + 1] = { key = key, lane = kind == 'line:' and lane } end
    end
  end
  return open
end

local function takeFirst(lanes, limit)
  local open = openOf(lanes)
  if #open == 0 then return {} end
  if #open == 1 then return popFirst(open[1], limit) end
  return merge(open, limit)
end

local function hasJobs(lanes)
  for _, lane in ipairs(lanes) do
    if call('EXISTS', base .. 'line:' .. lane, base .. 'ready:' .. lane) > 0 then return true end
  end
  return false
end

-- Whether any job has an expiry: those that have one and were never taken stand in one place. And the groups of what was
-- taken in turn: nothing else that is ready has one.
local mayExpire, groupsOf = false, {}

-- Those of these jobs that have more than a plain one, as they are handed out, body and state still to be filled in.
local function wholesOf(ids, states)
  local rich, wholes = {}, {}
  for nth, id in ipairs(ids) do
    if states[nth] and sub(states[nth], 2, 2) == '2' then rich[#rich + 1] = id end
  end
  if #rich == 0 then return wholes end
  local flows, open = call('HMGET', base .. 'flows', unpack(rich)), call('HMGET', base .. 'open', unpack(rich))
  for nth, id in ipairs(rich) do
    wholes[id] = { id, '', '', groupsOf[id] or false, flows[nth], open[nth] and call('HGETALL', base .. 'after:' .. id) or {} }
  end
  return wholes
end

-- Under one claim. In a governed queue what runs is known one by one. All that was taken is looked at before any is
-- leased, since the claim is named after how many there are.
local function lease(taken, name, runner, length, answer, queue)
  if #taken == 0 then return end
  local bodies, states = call('HMGET', JOBS, unpack(taken)), call('HMGET', STATES, unpack(taken))
  local ids, texts, bodiesOf, isFirst, wholes, size = {}, {}, {}, {}, wholesOf(taken, states), 0
  local tail, more = NOW .. ZERO13, queue and '32' or '30'
  for nth, id in ipairs(taken) do
    local body, state = bodies[nth], states[nth]
    local isRich = wholes[id] ~= nil
    if isRich and not groupsOf[id] then leaveOrdered(id, sub(state, 28, 34)) end
    if isRich and mayExpire and hasExpired(id, { more = '2' }) then
      setAside(id)
    elseif body then
      if isRich and mayExpire then dropExpiry(id) end
      local unique = state and sub(state, 3, 3) or sub(body, 61, 61)
      -- A waiting key is free for good at the first claim.
      if unique == '1' then
        freeKey(id)
        unique = '3'
      end
      size = size + 1
      ids[size] = id
      if state then
        texts[size] = '3' .. (queue and '2' or sub(state, 2, 2)) .. unique .. format('%08d', tonumber(sub(state, 4, 11)) + 1)
          .. sub(state, 12, 34) .. tail .. sub(state, 61, 99)
      elseif not queue and sub(body, 47, 47) == '1' then
        texts[size] = '3-' .. sub(body, 27, 36) .. sub(body, 40, 46)
      else
        texts[size] = more .. unique .. FIRST .. sub(body, 40, 46) .. tail .. sub(body, 1, 39)
      end
      bodiesOf[size], isFirst[size] = body, not state
    end
  end
  if size == 0 then return end
  if queue then call('SADD', base .. 'running:' .. queue, unpack(ids)) end
  local claim, fields, last = openClaim(name, NOW, runner, ids, format('%d', now + length)), {}, #answer
  for nth = 1, size do
    fields[2 * nth - 1], fields[2 * nth] = ids[nth], texts[nth] .. claim
    local whole = wholes[ids[nth]]
    if whole then
      whole[2], whole[3], last = bodiesOf[nth], texts[nth], last + 1
      answer[last] = whole
    else
      answer[last + 1], answer[last + 2], answer[last + 3] = ids[nth], bodiesOf[nth], isFirst[nth] and '' or texts[nth]
      last = last + 3
    end
  end
  call('HSET', STATES, unpack(fields))
end

${CLAIM_IN_TURN}
local function claim()
  local length, runner, name, patience = tonumber(nextArg()), nextArg(), nextArg(), tonumber(nextArg())
  local nextDue = promote()
  if nextDue == now and patience > 0 then return { -2 } end
  local answer, soonest = { -1, {} }, nextDue
  mayExpire = call('EXISTS', base .. 'expiries') == 1
  for nth = 1, tonumber(nextArg()) do
    local queue, limit, lanes = nextArg(), tonumber(nextArg()), {}
    for place = 1, tonumber(nextArg()) do lanes[place] = nextArg() end
    if #lanes > 0 and call('HEXISTS', base .. 'paused', queue) == 0 then
      local limits, own = limitsOf(queue), ARGV[3] .. ':' .. name .. ':' .. nth
      if limits then
        local taken, again = takeInTurn(queue, limits, limit, lanes)
        lease(taken, own, runner, length, answer, queue)
        if again then soonest = math.min(soonest or again, again) end
      else
        local taken = takeFirst(lanes, limit)
        lease(taken, own, runner, length, answer)
        if #taken == limit and hasJobs(lanes) then soonest = now end
      end
    end
  end
  if soonest then answer[1] = math.max(0, soonest - now) end
  return answer
end
`;

/** Claims alone: what an idle runner asks for again and again is short. Answers as the other does. */
export const POP = withRecords(
  `${CLAIM}
return { {}, claim() }
`,
  POP_PLAIN,
);
