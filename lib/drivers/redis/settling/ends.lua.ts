import { effectOf, whyUnblockable, type End, type Need } from '../../../core/dependency.js';
import { NEED, STATE } from '../layout/stored-letters.js';

const NEEDS: readonly Need[] = ['completed', 'ended', 'dead'];
const ENDINGS: readonly End[] = ['completed', 'dead', 'cancelled'];
const ID = '\u0001';

// The core decides: its answers are written into the script as tables, need and end as they are stored.
const EFFECTS = NEEDS.flatMap((need) =>
  ENDINGS.map((end) => `['${NEED[need]}${STATE[end]}'] = '${effectOf(need, end)}'`),
);
const REASONS = (['lapsed', 'cancel'] as const).flatMap((effect) =>
  ENDINGS.map(
    (end) => `['${effect}${STATE[end]}'] = '${whyUnblockable(effect, ID, end).replace(ID, '\\1')}'`,
  ),
);

/**
 * How jobs end, and what that does to those that wait for them, all in one step. One push is the most that can hang
 * together, so that this takes no longer than the push did.
 *
 * | key | holds |
 * |---|---|
 * | `after:<id>` | of a job that waits: dependency → number 5, need 1, end 1, result if there is one |
 * | `open` | id → how many of those have not ended |
 * | `unblocks` | id → how long its record stays if it is cancelled so, and its delay once it is free |
 * | `dependants:<id>` | the ids of those that wait for a job |
 * | `blocked` | lane → how many |
 * | `flows` | id → flow |
 */
export const ENDS = `
local EFFECTS = { ${EFFECTS.join(', ')} }
local REASONS = { ${REASONS.join(', ')} }
local untold = {}

-- Ended jobs whose records stay, by the time these may go.
local keeps = {}

local function keepUntil(goes, id)
  local ids = keeps[goes]
  if not ids then
    ids = {}
    keeps[goes] = ids
  end
  ids[#ids + 1] = id
end

-- No more of them than a chunk.
local function keepAll(goes, ids) call('ZADD', ENDED, goes, pack(ids)) end

local function keepEnded()
  for goes, ids in pairs(keeps) do
    for start = 1, #ids, CHUNK do
      keepAll(goes, { unpack(ids, start, math.min(#ids, start + CHUNK - 1)) })
    end
  end
  keeps = {}
end

-- Before its record may go.
local function noteEnd(id, state, result)
  local dependants = call('LRANGE', base .. 'dependants:' .. id, 0, -1)
  if #dependants > 0 then untold[#untold + 1] = { id, state, result, dependants } end
end

local function keepText(name, id, text, job)
  if text == '' then return end
  call('HSET', base .. name, id, sub(text, 2))
  if job.more == '0' then job.more = '1' end
end

local function settle(id, job, s)
  local isRich, isRun, group = job.more == '2', job.state == '3', groupOf(id, job)
  if isRun then
    cease(job.rest)
    if isRich then endRuns(job.lane, { id }, { group }) end
  elseif job.state == '7' then
    call('HINCRBY', base .. 'blocked', job.lane, -1)
  else
    unwait(id, job)
  end
  local isEnd, isKept = s.keep ~= '', s.keep ~= '-'
  if group and isEnd then join(job.lane, group, -1) end
  if s.attempt ~= '' then job.attempt, job.stalls = s.attempt, s.stalls end
  job.rest = ''
  if s.state == '4' then count('completed', job.lane) end
  if s.failure ~= '' then count('failed', job.lane) end
  if isEnd then
    freeLiving(id, job.unique)
    if isRich then
      dropExpiry(id)
      noteEnd(id, s.state, s.result)
    end
    if not isKept then return forget(id, job) end
  end
  if s.failure ~= '' then
    call('RPUSH', base .. 'failures:' .. id, NOW .. job.attempt .. s.failure)
    call('LTRIM', base .. 'failures:' .. id, -10, -1)
    if job.more == '0' then job.more = '1' end
  end
  keepText('stalls', id, s.stall, job)
  job.state = s.state
  if isEnd then
    job.ended = NOW
    keepText('reasons', id, s.reason, job)
    keepText('cancels', id, s.cancel, job)
    keepText('results', id, s.result, job)
    job.rest = format('%d', math.ceil(now + tonumber(s.keep)))
    keepUntil(job.rest, id)
    if s.state == '5' then call('HINCRBY', base .. 'dead', job.lane, 1) end
  else
    if s.delay ~= '' then job.place = moved(job.place, now + tonumber(s.delay)) end
    wait(id, job)
  end
  write(id, job)
end

local function unblock(id, job)
  local delay = string.match(call('HGET', base .. 'unblocks', id), ' (.*)')
  call('HINCRBY', base .. 'blocked', job.lane, -1)
  job.place = moved(job.place, delay == '' and math.max(now, dueOf(job.place)) or now + tonumber(delay))
  job.state = '1'
  wait(id, job)
  write(id, job)
  freed[job.lane] = true
end

local function settleEdge(id, on, state, result)
  local edge = call('HGET', base .. 'after:' .. id, on)
  local job = edge and read(id)
  if not job or sub(edge, 7, 7) ~= '0' then return end
  call('HSET', base .. 'after:' .. id, on, sub(edge, 1, 6) .. state .. result)
  local open = call('HINCRBY', base .. 'open', id, -1)
  if job.state ~= '7' then return end
  local effect = EFFECTS[sub(edge, 6, 6) .. state]
  if effect == 'free' or (effect == 'met' and open == 0) then
    unblock(id, job)
  elseif effect == 'cancel' or (effect == 'lapsed' and open == 0) then
    local before, rest = string.match(REASONS[effect .. state], '^([^\\1]*)(.*)$')
    local reason = rest == '' and before or before .. on .. sub(rest, 2)
    settle(id, job, {
      state = '6', attempt = '', keep = string.match(call('HGET', base .. 'unblocks', id), '^%S+'), delay = '',
      reason = '', cancel = '+' .. reason, result = '', failure = '', stall = ''
    })
  end
end

-- Each may bring about others, which are told after it and not within it: a chain may be long.
local function tellEnds()
  local nth = 1
  while untold[nth] do
    local id, state, result, dependants = unpack(untold[nth])
    for _, dependant in ipairs(dependants) do settleEdge(dependant, id, state, result) end
    nth = nth + 1
  end
  untold = {}
end

-- What a blocked job becomes that starts again: 'free', 'blocked', or nil where what it needs can never be.
local function standing(id)
  local edges = call('HGETALL', base .. 'after:' .. id)
  local isOpen, isLapsed = false, false
  for nth = 2, #edges, 2 do
    local state = sub(edges[nth], 7, 7)
    local effect = state == '0' and 'open' or EFFECTS[sub(edges[nth], 6, 7)]
    if effect == 'free' then return 'free' end
    if effect == 'cancel' then return nil end
    if effect == 'open' then isOpen = true elseif effect == 'lapsed' then isLapsed = true end
  end
  if isOpen then return 'blocked' end
  return not isLapsed and 'free' or nil
end

-- Those that may wait for a job once more do not know its end any more.
local function reopen(on)
  for _, id in ipairs(call('LRANGE', base .. 'dependants:' .. on, 0, -1)) do
    local edge, job = call('HGET', base .. 'after:' .. id, on), read(id)
    if edge and job and job.state > '4' and sub(edge, 7, 7) ~= '0' then
      call('HSET', base .. 'after:' .. id, on, sub(edge, 1, 6) .. '0')
      call('HINCRBY', base .. 'open', id, 1)
    end
  end
end
`;
