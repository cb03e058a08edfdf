import { PUSH_RUNS } from './pushing.lua.js';
import { withRecords } from '../layout/records.lua.js';

/**
 * Stores runs of plain jobs, and between them single ones with all that jobs can have. Returns, besides what `PUSH` does,
 * the indexes of those whose unique key's holder took something over.
 *
 * Safe under rivals as `PUSH`. What was waited for may be here already, since a push is sent again after a lost reply:
 * its end is told at the end, along with that of what is not here at all, since its unique key was held.
 */
export const PUSH_MIXED = `${PUSH_RUNS}
local replaced, edges = {}, {}

local function replaceWaiting(id, key, due, texts, replace)
  local job = read(id)
  if not job or not waits(job) or hasExpired(id, job) then return false end
  -- A key that is held for a time may outlive its job, and somebody else have that id.
  if call('HGET', KEYS_OF, id) ~= key then return false end
  if string.find(replace, 'p', 1, true) then
    call('HSET', JOBS, id, sub(call('HGET', JOBS, id), 1, 61) .. texts)
  end
  if string.find(replace, 'd', 1, true) then
    unwait(id, job)
    job.state, job.place = '1', moved(job.place, due)
    wait(id, job)
    writePlace(id, job)
  end
  return true
end

-- Returns whether it waits for others.
local function equip(id, job, group, expiresIn, order, flow)
  job.more = '2'
  if group ~= '' then
    govern(queueOf(job.lane))
    call('HSET', base .. 'grouped', id, sub(group, 2))
    join(job.lane, sub(group, 2), 1)
  end
  if flow ~= '' then call('HSET', base .. 'flows', id, sub(flow, 2)) end
  if expiresIn == '' and order == '' then return end
  local expiry = ZERO13
  if expiresIn ~= '' then
    local over = now + math.ceil(tonumber(expiresIn))
    expiry = format('%013d', over)
    call('ZADD', base .. 'expiries', over, id)
    call('ZADD', base .. 'due', 'LT', over, 'expiries')
  end
  call('HSET', base .. 'places', id, expiry .. (order ~= '' and order or '0' .. ZERO13))
end

local function block(id, job, from, total, keep, delay)
  job.state = '7'
  call('HINCRBY', base .. 'blocked', job.lane, 1)
  call('HSET', base .. 'unblocks', id, keep .. ' ' .. delay)
  call('HSET', base .. 'open', id, total)
  for nth = 1, total do
    local on, need = ARGV[from + 2 * nth - 2], ARGV[from + 2 * nth - 1]
    call('HSET', base .. 'after:' .. id, on, format('%05d', nth - 1) .. need .. '0')
    call('RPUSH', base .. 'dependants:' .. on, id)
    edges[#edges + 1] = on
  end
end

local function pushRich()
  local lane, priority, kind, due, unique, queue = nextArg(), nextArg(), nextArg(), nextArg(), nextArg(), nextArg()
  local id, texts, key, hold, replace = nextArg(), nextArg(), nextArg(), nextArg(), nextArg()
  local isMore, group, expiresIn, order = nextArg() == '1', nextArg(), nextArg(), nextArg()
  local flow, keep, total = nextArg(), nextArg(), tonumber(nextArg())
  local from, own, delay = at, index, kind == 'in' and due or ''
  at, index = at + 2 * total, index + 1
  due = math.ceil(math.max(now, kind == 'in' and now + tonumber(due) or tonumber(due)))
  local present = call('HEXISTS', JOBS, id) == 1
  local holder = not present and unique ~= '0' and holderOf(key)
  if present or holder then
    duplicates[#duplicates + 1] = own
    duplicates[#duplicates + 1] = holder or id
    if holder and replace ~= '' and replaceWaiting(holder, key, due, texts, replace) then replaced[#replaced + 1] = own end
    return
  end
  local arrival = call('INCRBY', base .. 'arrived', 1) - 1
  local place = priority .. format('%016d', due) .. format('%013d', arrival)
  call('HSET', JOBS, id, place .. lane .. '0' .. NOW .. unique .. texts)
  arrive(arrival, { id })
  if unique ~= '0' then
    call('HSET', HOLDERS, key, id)
    call('HSET', KEYS_OF, id, key)
    if hold ~= '' then call('ZADD', base .. 'holds', now + math.ceil(tonumber(hold)), key) end
  end
  if queue ~= '' then call('HSETNX', base .. 'queues', queue, now) end
  local job = read(id)
  if isMore then equip(id, job, group, expiresIn, order, flow) end
  if total > 0 then block(id, job, from, total, keep, delay) else wait(id, job) end
  if isMore then write(id, job) end
  last = id
end

local function pushMixed()
  for _ = 1, tonumber(nextArg()) do
    if nextArg() == 'runs' then pushRuns() else pushRich() end
  end
  for _, on in ipairs(edges) do
    local job = read(on)
    if not job then
      noteEnd(on, '6', '')
    else
      if job.more ~= '2' then
        job.more = '2'
        write(on, job)
      end
      if hasEnded(job) then
        local result = job.state == '4' and call('HGET', base .. 'results', on)
        noteEnd(on, job.state, result and '+' .. result or '')
      end
    end
  end
  edges = {}
end
`;

export const PUSH_RICH = withRecords(`${PUSH_MIXED}
pushMixed()
finish()
return { duplicates, replaced }
`);
