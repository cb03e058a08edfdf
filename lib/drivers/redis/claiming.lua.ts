import { CLAIM_IN_TURN } from './claiming-in-turn.lua.js';
import { LAYOUT } from './layout.lua.js';
import { RECORDS } from './records.lua.js';

/**
 * Moves what is due to the ready jobs, then claims the first of them. Returns milliseconds until the next is due,
 * -1 where none is known, or -2 where so many fell due that another call must move more of them before a claim
 * would keep their order; then, for each job, its id, its body and its state, which is empty at the first claim; in one
 * list where there is more: group, flow, and what it waited for.
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

local function popFirst(key, limit)
  local popped, members = call('ZPOPMIN', key, limit), {}
  for nth = 1, #popped / 2 do members[nth] = popped[2 * nth - 1] end
  return members
end

-- Lanes that have jobs, the one whose first job goes first last. Their jobs are read some at a time.
local function isBefore(a, b) return a.place < b.place end

local function step(lane, limit)
  lane.nth = lane.nth + 1
  if lane.nth > #lane.members then
    lane.taken = lane.taken + #lane.members
    lane.members = call('ZRANGE', lane.key, lane.taken, lane.taken + limit - 1)
    lane.nth = 1
  end
  local member = lane.members[lane.nth]
  lane.place = member and sub(member, 1, 39)
  return member ~= nil
end

local function merge(lanes, limit)
  local share = math.ceil(limit / #lanes)
  local members, all = {}, {}
  for nth, key in ipairs(lanes) do
    local lane = { key = key, taken = 0, nth = 0, members = {} }
    step(lane, share)
    lanes[nth], all[nth] = lane, lane
  end
  table.sort(lanes, function(a, b) return isBefore(b, a) end)
  while #members < limit and #lanes > 0 do
    local lane = table.remove(lanes)
    members[#members + 1] = lane.members[lane.nth]
    if step(lane, share) then
      local low, high = 1, #lanes + 1
      while low < high do
        local middle = math.floor((low + high) / 2)
        if isBefore(lane, lanes[middle]) then low = middle + 1 else high = middle end
      end
      table.insert(lanes, low, lane)
    end
  end
  for _, lane in ipairs(all) do
    local taken = lane.taken + lane.nth - 1
    if taken > 0 then call('ZREMRANGEBYRANK', lane.key, 0, taken - 1) end
  end
  return members
end

local function takeFirst(lanes, limit)
  if #lanes == 1 then return popFirst(lanes[1], limit) end
  local open = {}
  for _, key in ipairs(lanes) do
    if call('EXISTS', key) == 1 then open[#open + 1] = key end
  end
  if #open == 0 then return {} end
  if #open == 1 then return popFirst(open[1], limit) end
  return merge(open, limit)
end

local function hasJobs(lanes)
  for _, key in ipairs(lanes) do
    if call('EXISTS', key) == 1 then return true end
  end
  return false
end

-- A job that has more than a plain one, as it is handed out.
local function whole(id, body, text)
  if sub(text, 2, 2) ~= '2' then return nil end
  dropExpiry(id)
  return { id, body, text, call('HGET', base .. 'grouped', id), call('HGET', base .. 'flows', id),
    call('HGETALL', base .. 'after:' .. id) }
end

-- In a governed queue what runs is known one by one.
local function lease(members, runner, length, answer, queue)
  local over, last = format('%d', now + length), #answer
  for start = 1, #members, CHUNK do
    local ids = {}
    for nth = start, math.min(#members, start + CHUNK - 1) do ids[nth - start + 1] = sub(members[nth], 40) end
    local bodies, states = call('HMGET', JOBS, unpack(ids)), call('HMGET', STATES, unpack(ids))
    local fields, leases, size = {}, {}, 0
    local tail, counts = NOW .. ZERO13, ZERO8 .. ZERO8
    for nth, id in ipairs(ids) do
      local body, state, place = bodies[nth], states[nth], sub(members[start + nth - 1], 1, 39)
      local isRich = state and sub(state, 2, 2) == '2'
      -- With an order a member does not stand at its place.
      if isRich then
        place = sub(state, 61, 99)
        leaveOrdered(id, sub(state, 28, 34))
      end
      if isRich and hasExpired(id, { more = '2' }) then
        setAside(id)
      elseif body then
        local unique = state and sub(state, 3, 3) or sub(body, 60, 60)
        -- A waiting key is free for good at the first claim.
        if unique == '1' then
          freeKey(id)
          unique = '3'
        end
        local text
        if state then
          text = '3' .. (queue and '2' or sub(state, 2, 2)) .. unique .. format('%08d', tonumber(sub(state, 4, 11)) + 1)
            .. sub(state, 12, 34) .. tail .. place .. runner
        else
          text = (queue and '32' or '30') .. unique .. '00000001' .. counts .. sub(body, 40, 46) .. tail .. place .. runner
        end
        fields[size + 1], fields[size + 2] = id, text
        leases[size + 1], leases[size + 2] = over, id
        if queue then call('SADD', base .. 'running:' .. queue, id) end
        local all = isRich and whole(id, body, text)
        if all then
          answer[last + 1] = all
          size, last = size + 2, last + 1
        else
          answer[last + 1], answer[last + 2], answer[last + 3] = id, body, state and text or ''
          size, last = size + 2, last + 3
        end
      end
    end
    if size > 0 then
      call('HSET', STATES, unpack(fields))
      call('ZADD', LEASES, unpack(leases))
    end
  end
end

${CLAIM_IN_TURN}
local function claim()
  local length, runner, patience = tonumber(nextArg()), nextArg(), tonumber(nextArg())
  local nextDue = promote()
  if nextDue == now and patience > 0 then return { -2 } end
  local answer, soonest = { -1 }, nextDue
  for _ = 1, tonumber(nextArg()) do
    local queue, limit, lanes = nextArg(), tonumber(nextArg()), {}
    for nth = 1, tonumber(nextArg()) do lanes[nth] = nextArg() end
    if #lanes > 0 and call('HEXISTS', base .. 'paused', queue) == 0 then
      local limits, keys = limitsOf(queue), {}
      for nth, lane in ipairs(lanes) do keys[nth] = base .. 'ready:' .. lane end
      if limits then
        local members, again = takeInTurn(queue, limits, limit, lanes, keys)
        lease(members, runner, length, answer, queue)
        if again then soonest = math.min(soonest or again, again) end
      else
        local members = takeFirst(keys, limit)
        lease(members, runner, length, answer)
        if #members == limit and hasJobs(keys) then soonest = now end
      end
    end
  end
  if soonest then answer[1] = math.max(0, soonest - now) end
  return answer
end
`;

/** Claims alone: what an idle runner asks for again and again is short. Answers as the other does. */
export const POP = `${LAYOUT}${RECORDS}${CLAIM}
return { {}, claim() }
`;
