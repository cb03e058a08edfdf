import { LAYOUT } from '../layout/layout.lua.js';
import { DROP_STEPS } from '../layout/recent.lua.js';
import { withRecords } from '../layout/records.lua.js';
import { HOLDER_OF } from '../layout/unique-keys.lua.js';

/**
 * Asks running jobs to end; the first reason stands, since it may have been told to the run already. Answers
 * 'requested', 'ended' or 'unknown', and for a job that waits its body, so that its end can be decided.
 *
 * Safe under rivals: a run that ends meanwhile finds the wish or is over before it.
 */
export const ASK = withRecords(`
local reason, answers, isAsked = nextArg(), {}, false
while ARGV[at] do
  local id = nextArg()
  local job = read(id)
  local answer
  if not job then
    answer = 'unknown'
  elseif hasEnded(job) then
    answer = 'ended'
  elseif waits(job) or job.state == '7' then
    answer = { call('HGET', JOBS, id) }
  else
    call('HSETNX', base .. 'cancels', id, reason)
    if job.more == '0' then job.more = '1' end
    write(id, job)
    isAsked = true
    answer = 'requested'
  end
  answers[#answers + 1] = answer
end
finish(isAsked and 'cancel')
return answers
`);

/**
 * What moves jobs from one lane to another: a queue, or nothing, and the lanes there for those they are in. Answers 1 for each that
 * was moved, and 2 for one in a lane that is not named: a rival moved it meanwhile, and nothing was done to it.
 */
const MOVES = `
local queue, lanes = nextArg(), {}
local isMove = queue ~= ''
for _ = 1, tonumber(nextArg()) do
  local from = nextArg()
  lanes[from] = nextArg()
end

local function moveLane(job, group)
  if not isMove then return end
  job.lane = lanes[job.lane]
  call('HSETNX', base .. 'queues', sub(queue, 2), now)
  if group then govern(sub(queue, 2)) end
end

local function moveEach(canMove, move)
  local answers = {}
  while ARGV[at] do
    local id = nextArg()
    local job, answer = read(id), 0
    if job and canMove(job) then
      if isMove and not lanes[job.lane] then
        answer = 2
      elseif move(id, job) then
        answer = 1
      end
    end
    answers[#answers + 1] = answer
  end
  finish()
  return answers
end
`;

/**
 * Starts dead and cancelled jobs again, where what they waited for lets them. A job that lives again holds its live key
 * again, unless another has it: the key is taken in the step that sees it free.
 */
export const RETRY = withRecords(`${HOLDER_OF}
local delay = tonumber(nextArg())
${MOVES}
local function restart(id, job)
  local stands = job.more == '2' and standing(id) or (job.more ~= '2' and 'free')
  if not stands then return false end
  local group = groupOf(id, job)
  call('HDEL', base .. 'reasons', id)
  call('HDEL', base .. 'cancels', id)
  if job.state == '5' then call('HINCRBY', base .. 'dead', job.lane, -1) end
  local stall = call('HGET', base .. 'stalls', id)
  -- The time of the last stall is forgotten, the tokens that were lost are not.
  if stall then call('HSET', base .. 'stalls', id, ZERO13 .. sub(stall, 14)) end
  if job.unique == '2' then
    local key = call('HGET', KEYS_OF, id)
    if not holderOf(key) then call('HSET', HOLDERS, key, id) end
  end
  moveLane(job, group)
  if group then join(job.lane, group, 1) end
  if job.more == '2' then reopen(id) end
  job.state, job.attempt, job.stalls, job.ended, job.rest = '1', ZERO8, ZERO8, ZERO13, ''
  job.place = moved(job.place, now + delay)
  if stands == 'blocked' then
    job.state = '7'
    call('HINCRBY', base .. 'blocked', job.lane, 1)
    local keep = string.match(call('HGET', base .. 'unblocks', id), '^%S+')
    call('HSET', base .. 'unblocks', id, keep .. ' ' .. delay)
  else
    wait(id, job)
  end
  write(id, job)
  return true
end

return moveEach(function(job) return job.state == '5' or job.state == '6' end, restart)
`);

/** Deletes whatever does not run: what a pop takes in the same moment runs, or is gone before it. */
export const REMOVE = withRecords(`
local answers = {}
while ARGV[at] do
  local id = nextArg()
  local job = read(id)
  if not job then
    answers[#answers + 1] = 'unknown'
  elseif job.state == '3' then
    answers[#answers + 1] = 'running'
  else
    local group = groupOf(id, job)
    if waits(job) then unwait(id, job) end
    if job.state == '7' then call('HINCRBY', base .. 'blocked', job.lane, -1) end
    if job.more == '2' and not hasEnded(job) then
      dropExpiry(id)
      -- Those who wait for it would do so for ever.
      noteEnd(id, '6', '')
      if group then join(job.lane, group, -1) end
    end
    freeLiving(id, job.unique)
    forget(id, job)
    -- At once: the next of these may be one that waited for it.
    tellEnds()
    answers[#answers + 1] = 'removed'
  end
end
finish()
return answers
`);

/** The lanes of jobs that have ended or have not; empty for others. */
export const LANES_OF = withRecords(`
local lanes, ended = {}, nextArg() == 'ended'
while ARGV[at] do
  local job = read(nextArg())
  lanes[#lanes + 1] = job and job.state ~= '3' and hasEnded(job) == ended and job.lane or ''
end
return lanes
`);

/**
 * Moves jobs that wait: from one lane to another, to a priority, to a time. What is not given is empty, and stays.
 * A job that a rival claims first runs, and is not moved.
 */
export const CHANGE = withRecords(`
local priority, delay = nextArg(), nextArg()
${MOVES}
local function changeOne(id, job)
  local isBlocked, group = job.state == '7', groupOf(id, job)
  if isBlocked then call('HINCRBY', base .. 'blocked', job.lane, -1) else unwait(id, job) end
  -- A retry that came due is ready, and one that is ready and put off is scheduled.
  if not isBlocked and dueOf(job.place) <= now then job.state = '1' end
  if delay ~= '' then job.place = moved(job.place, now + tonumber(delay)) end
  if priority ~= '' then job.place = priority .. sub(job.place, 11) end
  if group then join(job.lane, group, -1) end
  moveLane(job, group)
  if group then join(job.lane, group, 1) end
  if isBlocked then
    call('HINCRBY', base .. 'blocked', job.lane, 1)
    if delay ~= '' then
      local keep = string.match(call('HGET', base .. 'unblocks', id), '^%S+')
      call('HSET', base .. 'unblocks', id, keep .. ' ' .. delay)
    end
  else
    wait(id, job)
  end
  writePlace(id, job)
  return true
end

return moveEach(function(job) return waits(job) or job.state == '7' end, changeOne)
`);

/**
 * Forgets up to a number of ended jobs whose time is over, and tells whether to go on: what is gone is walked past for a bounded
 * while. Each is found and deleted in one step. So are unique keys and
 * steps of counting.
 */
export const PRUNE = withRecords(`
local limit, count, looked, isMore = tonumber(nextArg()), 0, 0, true

-- Of those that ended together some may have started again since, or are gone.
local function pruneSome(ids)
  local over = {}
  for nth, state in ipairs(call('HMGET', STATES, unpack(ids))) do
    local letter, more = state and sub(state, 1, 1) or '0', state and sub(state, 2, 2)
    if letter > '3' and letter < '7' and goesAt(state) <= now then
      over[#over + 1] = ids[nth]
      if letter == '5' then call('HINCRBY', base .. 'dead', sub(state, 28, 34), -1) end
      forgetRest(ids[nth], more, isBrief(state) and '0' or sub(state, 3, 3), bucketOf(state))
    end
  end
  if #over > 0 then
    call('HDEL', JOBS, unpack(over))
    call('HDEL', STATES, unpack(over))
  end
  count = count + #over
end

while count < limit and looked < 10 * CHUNK do
  local first = call('ZRANGE', ENDED, '-inf', now, 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  isMore = #first > 0
  if not isMore then break end
  call('ZREM', ENDED, first[1])
  -- Packed again once: where many are elsewhere by now, few are found at a time.
  local ids, done = unpacked(first[1]), 0
  while done < #ids and count < limit do
    local some = math.min(#ids - done, limit - count)
    pruneSome({ unpack(ids, done + 1, done + some) })
    done = done + some
  end
  looked = looked + done
  if done < #ids then call('ZADD', ENDED, first[2], pack({ unpack(ids, done + 1) })) end
end
for _, key in ipairs(call('ZRANGE', base .. 'holds', '-inf', now, 'BYSCORE', 'LIMIT', 0, CHUNK)) do
  call('ZREM', base .. 'holds', key)
  call('HDEL', HOLDERS, key)
end
${DROP_STEPS}
finish()
return { count, isMore and 1 or 0 }
`);

/** A pop that comes after it finds the queue paused. */
export const PAUSE = `${LAYOUT}
local queue, reason = nextArg(), nextArg()
call('HSET', base .. 'paused', queue, NOW .. reason)
call('HSETNX', base .. 'queues', queue, now)
return 1
`;

/** Tells all lanes, since those of one queue are not known here. */
export const RESUME = `${LAYOUT}
if call('HDEL', base .. 'paused', nextArg()) == 0 then return 0 end
redis.pcall('PUBLISH', base .. 'news', ARGV[3] .. ' ready ')
return 1
`;
