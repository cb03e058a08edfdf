import { ENDS } from '../settling/ends.lua.js';
import { LAYOUT, NEWS } from './layout.lua.js';
import { LEASING } from './leases.lua.js';
import { LINES } from './lines.lua.js';
import { PLACES } from './places.lua.js';
import { RECENT } from './recent.lua.js';
import { TURNS } from '../groups/turns.lua.js';
import { FREE_KEY } from './unique-keys.lua.js';

/** A bucket goes with the last of its jobs. A text, for scripts that would pay for a function: see `plain-claiming.lua.ts`. */
export const DROP_BUCKETS = `
  for digits, number in pairs(gone) do
    local bucket = format('%d', digits)
    if call('HINCRBY', base .. 'alive', bucket, -number) <= 0 then
      call('HDEL', base .. 'alive', bucket)
      call('ZREM', base .. 'buckets', bucket)
      call('DEL', base .. 'arrivals:' .. bucket)
    end
  end
`;

const READING = `
-- A job as it stands, or nil. All but the token are texts of fixed length, but for the last: the claim it runs under, or
-- when its record may go.
local function read(id)
  local text, body = call('HGET', STATES, id), nil
  if text and isBrief(text) then
    body = call('HGET', JOBS, id)
    text = body and fullOf(text, body)
  end
  if text then
    return {
      state = sub(text, 1, 1), more = sub(text, 2, 2), unique = sub(text, 3, 3), token = tonumber(sub(text, 4, 11)),
      attempt = sub(text, 12, 19), stalls = sub(text, 20, 27), lane = sub(text, 28, 34),
      started = sub(text, 35, 47), ended = sub(text, 48, 60), place = sub(text, 61, 99), rest = sub(text, 100)
    }
  end
  body = call('HGET', JOBS, id)
  if not body then return nil end
  return {
    state = '1', more = '0', unique = sub(body, 61, 61), token = 0, attempt = ZERO8, stalls = ZERO8,
    lane = sub(body, 40, 46), started = ZERO13, ended = ZERO13, place = sub(body, 1, 39), rest = '',
    isLined = sub(body, 47, 47) == '1'
  }
end

local function write(id, job)
  if job.isLined then
    leaveLine(id, job.lane)
    call('ZADD', base .. 'ready:' .. job.lane, 0, job.place .. id)
    job.isLined = false
  end
  call('HSET', STATES, id, job.state .. job.more .. job.unique .. format('%08d', job.token) .. job.attempt
    .. job.stalls .. job.lane .. job.started .. job.ended .. job.place .. job.rest)
end

-- Of a job that moved, where its place is kept.
local function writePlace(id, job)
  if job.more ~= '0' or call('HEXISTS', STATES, id) == 1 then return write(id, job) end
  call('HSET', JOBS, id, job.place .. job.lane .. '0' .. sub(call('HGET', JOBS, id), 48))
end

local function waits(job) return job.state < '3' end
local function hasEnded(job) return job.state > '3' and job.state < '7' end

local function moved(place, due)
  return sub(place, 1, 10) .. format('%016d', math.ceil(due)) .. sub(place, 27)
end

local function groupOf(id, job)
  return job.more == '2' and call('HGET', base .. 'grouped', id)
end
`;

const WAITING = `
local function leaveOrdered(id, lane) call('ZREM', base .. 'ordered:' .. lane, id) end

local function wait(id, job)
  local due, member, group = dueOf(job.place), memberOf(id, job), groupOf(id, job)
  if hasExpired(id, job) then
    if due <= now then job.state = '0' end
    setAside(id)
  elseif due <= now then
    job.state = '0'
    if group then
      addReady(job.lane, turnsOf(queueOf(job.lane), group), member, due)
    else
      call('ZADD', base .. 'ready:' .. job.lane, 0, member)
      if hasOrder(id, job) then call('ZADD', base .. 'ordered:' .. job.lane, due, id) end
    end
  else
    local kind = job.state == '2' and 'retrying:' or 'scheduled:'
    postpone((group or hasOrder(id, job)) and 'g' .. kind or kind, job.lane, due, due, member)
  end
  ready[job.lane] = true
end

-- A job whose time has come may not have been moved to the ready ones yet, and one that expired stands nowhere.
local function unwait(id, job)
  if job.isLined then
    job.isLined = false
    return leaveLine(id, job.lane)
  end
  local member, group = memberOf(id, job), groupOf(id, job)
  if group then
    if removeReady(job.lane, turnsOf(queueOf(job.lane), group), member) then return end
  elseif call('ZREM', base .. 'ready:' .. job.lane, member) > 0 then
    leaveOrdered(id, job.lane)
    return
  end
  local kind = (group or hasOrder(id, job)) and 'g' or ''
  if call('ZREM', base .. kind .. 'scheduled:' .. job.lane, member) > 0 then return end
  call('ZREM', base .. kind .. 'retrying:' .. job.lane, member)
end

local function freeLiving(id, unique)
  if unique == '1' or unique == '2' then freeKey(id) end
end

-- Jobs that are forgotten, by the bucket of their arrival.
local gone = {}

local function forgetSome(bucket, number) gone[bucket] = (gone[bucket] or 0) + number end

local function forgetRest(id, more, unique, bucket)
  if unique ~= '0' then call('HDEL', KEYS_OF, id) end
  if more ~= '0' and more ~= '-' then
    for _, name in ipairs({ 'reasons', 'cancels', 'progress', 'results', 'stalls' }) do
      call('HDEL', base .. name, id)
    end
    call('DEL', base .. 'failures:' .. id)
  end
  if more == '2' then
    for _, name in ipairs({ 'places', 'grouped', 'flows', 'open', 'unblocks' }) do call('HDEL', base .. name, id) end
    call('DEL', base .. 'after:' .. id, base .. 'dependants:' .. id)
  end
  forgetSome(bucket, 1)
end

local function forget(id, job)
  call('HDEL', JOBS, id)
  call('HDEL', STATES, id)
  if job.state == '5' then call('HINCRBY', base .. 'dead', job.lane, -1) end
  forgetRest(id, job.more, job.unique, sub(job.place, 27, 36))
end

local function dropBuckets() ${DROP_BUCKETS} end
`;

const RECORDS = `${NEWS}${FREE_KEY}${LEASING}${TURNS}${LINES}${READING}${PLACES}${WAITING}${RECENT}${ENDS}
-- The last lines of a script: what is written once for all that happened in it.
local function finish(pulse)
  tellEnds()
  dropBuckets()
  dropClaims()
  keepEnded()
  countEnds()
  endTurns()
  tell(pulse)
end
`;

/**
 * A script that changes jobs one by one: what it tries before all else, then what such scripts share, and its own part.
 *
 * These are in a function of their own, since Lua searches for each local that a function refers to when it makes that function,
 * back through all locals around it that any function refers to, and `call` and `base` would be the last it finds. What is further
 * out it has at hand.
 */
export function withRecords(text: string, before = ''): string {
  return `${LAYOUT}${before}return (function()\n${RECORDS}${text}end)()\n`;
}
