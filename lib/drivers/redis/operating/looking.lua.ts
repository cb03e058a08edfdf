import { LAYOUT } from '../layout/layout.lua.js';
import { LEASING } from '../layout/leases.lua.js';
import { LINES } from '../layout/lines.lua.js';

/** All that is kept of a job, as one list of texts; of what there is none, nothing. */
const RECORD = `
local held = {}

-- The end of its lease, and its runner.
local function leaseOf(claim)
  if not held[claim] then held[claim] = { call('ZSCORE', LEASES, claim), (claimed(claim)) } end
  return held[claim]
end

local function record(id, body, state)
  local isRunning = state and sub(state, 1, 1) == '3'
  local found = { id, body, state and fullOf(state, body) or '', isRunning and leaseOf(claimOf(state)), call('HGET', KEYS_OF, id) }
  local more = state and sub(state, 2, 2) or '0'
  if more ~= '0' and more ~= '-' then
    for nth, name in ipairs({ 'reasons', 'cancels', 'progress', 'results' }) do
      found[5 + nth] = call('HGET', base .. name, id)
    end
    found[10] = call('LRANGE', base .. 'failures:' .. id, 0, -1)
  end
  if more == '2' then
    found[11] = call('HGET', base .. 'places', id)
    found[12] = { call('HGET', base .. 'grouped', id), call('HGET', base .. 'flows', id),
      call('HGETALL', base .. 'after:' .. id) }
  end
  return found
end
`;

/** The records of these ids, of one moment. */
export const INFO = `${LAYOUT}${LEASING}${RECORD}
local records = { now }
while ARGV[at] do
  local id = nextArg()
  local body = call('HGET', JOBS, id)
  records[#records + 1] = body and record(id, body, call('HGET', STATES, id))
end
return records
`;

/**
 * Looks from an arrival back, through some thousands of them, for records that match. Returns the time, the arrival to
 * go on below, -1 at the end, whether one more was seen to match, then the records. State: a digit as a reader sees it,
 * or empty; lanes: all, if none is given. Pages never repeat a job, since arrivals only grow and never change.
 */
export const LIST = `${LAYOUT}${LEASING}${RECORD}
local below, limit, wanted, looks = tonumber(nextArg()), tonumber(nextArg()), nextArg(), 5000
local texts = { keys = nextArg(), grouped = nextArg(), flows = nextArg() }
local lanes
while ARGV[at] do
  lanes = lanes or {}
  lanes[nextArg()] = true
end

local function isWanted(id, digit, lane, place)
  if lanes and not lanes[lane] then return false end
  for name, text in pairs(texts) do
    if text ~= '' and call('HGET', base .. name, id) ~= sub(text, 2) then return false end
  end
  if digit < '3' and tonumber(sub(place, 11, 26)) <= now then digit = '0' end
  return wanted == '' or digit == wanted
end

-- Payloads may be large: those of jobs that do not match are not read, as far as the state says so. A job without one
-- was never claimed.
local function find(id, state)
  if state then
    if not isWanted(id, sub(state, 1, 1), laneOf(state), sub(state, 61, 99)) then return nil end
    local body = call('HGET', JOBS, id)
    return body, body and tonumber(sub(fullOf(state, body), 87, 99))
  end
  if wanted > '1' then return nil end
  local body = call('HGET', JOBS, id)
  if not body or not isWanted(id, '1', sub(body, 40, 46), sub(body, 1, 39)) then return nil end
  return body, tonumber(sub(body, 27, 39))
end

local found = { now, -1, 0 }
local bucket = call('ZRANGE', base .. 'buckets', math.floor((below - 1) / 1000), '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, 1)[1]
while bucket do
  local ids = {}
  for _, packed in ipairs(call('LRANGE', base .. 'arrivals:' .. bucket, 0, -1)) do
    for _, id in ipairs(unpacked(packed)) do ids[#ids + 1] = id end
  end
  local states = #ids > 0 and call('HMGET', STATES, unpack(ids)) or {}
  for nth = #ids, 1, -1 do
    local id, state = ids[nth], states[nth]
    local body, arrival = find(id, state)
    -- An id that was removed and pushed again stands in two places: it is listed where it is now.
    if body and arrival < below and math.floor(arrival / 1000) == tonumber(bucket) then
      if #found - 3 == limit then
        found[2], found[3] = below, 1
        return found
      end
      below = arrival
      found[#found + 1] = record(id, body, state)
    end
  end
  below = math.min(below, bucket * 1000)
  looks = looks - #ids
  bucket = call('ZRANGE', base .. 'buckets', '(' .. bucket, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, 1)[1]
  if bucket and looks <= 0 then
    found[2] = below
    return found
  end
end
return found
`;

/**
 * The numbers of each lane, then queues with the time they are known since, those that are paused, those that are
 * governed, and what ended of late by steps. Nothing is counted one by one but the jobs that run, and
 * those that expired and are still to be swept up.
 */
export const STATS = `${LAYOUT}${LEASING}${LINES}
-- The first of each priority has waited longest of those that have no order. Whoever has one is passed by: they have a
-- line of their own by the time they were due, and are mostly apart from others anyway.
local function firstPlain(key)
  local oldest, from = nil, '-'
  while true do
    local member = call('ZRANGE', key, from, '+', 'BYLEX', 'LIMIT', 0, 1)[1]
    if not member then return oldest end
    local places, behind = call('HGET', base .. 'places', sub(member, 40)), sub(member, 1, 10) .. '0000000000000001'
    if member < behind then
      from = '[' .. behind
    elseif places and sub(places, 14, 14) ~= '0' then
      from = '(' .. member
    else
      local due = tonumber(sub(member, 11, 26))
      if not oldest or due < oldest then oldest = due end
      from = '[' .. format('%010d', tonumber(sub(member, 1, 10)) + 1)
    end
  end
end

local function firstReady(lane)
  local key, ordered = base .. 'ready:' .. lane, base .. 'ordered:' .. lane
  local first = tonumber(call('ZRANGE', ordered, 0, 0, 'WITHSCORES')[2])
  local plain = call('ZCARD', key) > call('ZCARD', ordered) and firstPlain(key) or nil
  local lined = call('LINDEX', base .. 'line:' .. lane, 0)
  if lined then plain = math.min(plain or math.huge, tonumber(sub(call('HGET', JOBS, lined), 11, 26))) end
  return first and math.min(first, plain or first) or plain
end

local running = {}
for _, claim in ipairs(call('ZRANGE', LEASES, 0, -1)) do
  local _, states = runningOf(claim)
  for _, state in ipairs(states) do
    local lane = laneOf(state)
    running[lane] = (running[lane] or 0) + 1
  end
end

-- What expired stands in no line, and is ready or scheduled to a reader until it is swept up.
local late = {}
local ids = call('ZRANGE', base .. 'expired', 0, -1)
for start = 1, #ids, CHUNK do
  local states = call('HMGET', STATES, unpack(ids, start, math.min(#ids, start + CHUNK - 1)))
  for _, state in ipairs(states) do
    if state and sub(state, 1, 1) < '3' then
      local lane, due = sub(state, 28, 34), tonumber(sub(state, 71, 86))
      local own = late[lane] or { ready = 0, scheduled = 0, oldest = math.huge }
      late[lane] = own
      if due > now then
        own.scheduled = own.scheduled + 1
      else
        own.ready, own.oldest = own.ready + 1, math.min(own.oldest, due)
      end
    end
  end
end

local lanes = {}
for number = 1, tonumber(nextArg()) do
  local lane = format('%07d', number)
  local count, oldest = call('ZCARD', base .. 'ready:' .. lane), firstReady(lane)
  count = count + call('LLEN', base .. 'line:' .. lane) - ghostsOf(lane)
  local grouped = call('ZRANGE', base .. 'gready:' .. lane, 0, 0, 'WITHSCORES')[2]
  if grouped then
    count = count + call('ZCARD', base .. 'gready:' .. lane)
    oldest = math.min(oldest or math.huge, tonumber(grouped))
  end
  local later = { 0, 0 }
  for nth, kind in ipairs({ 'scheduled:', 'retrying:', 'gscheduled:', 'gretrying:' }) do
    local key, slot = base .. kind .. lane, 2 - nth % 2
    local due = call('ZCOUNT', key, '-inf', now)
    if due > 0 then
      local first = tonumber(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
      if not oldest or first < oldest then oldest = first end
    end
    count = count + due
    later[slot] = later[slot] + call('ZCARD', key) - due
  end
  local own = late[lane]
  if own then
    count, later[1] = count + own.ready, later[1] + own.scheduled
    if own.ready > 0 then oldest = math.min(oldest or math.huge, own.oldest) end
  end
  lanes[number] = { count, later[1], later[2], running[lane] or 0, call('HGET', base .. 'dead', lane),
    call('HGET', base .. 'completed', lane), call('HGET', base .. 'failed', lane), call('HGET', base .. 'blocked', lane), oldest or false }
end

local recent = {}
for _, key in ipairs(call('ZRANGE', base .. 'steps', '(' .. NOW, '+inf', 'BYSCORE')) do
  recent[#recent + 1] = { key, call('HGETALL', base .. key) }
end
return { lanes, call('HGETALL', base .. 'queues'), call('HGETALL', base .. 'paused'), call('HGETALL', base .. 'governed'),
  recent }
`;
