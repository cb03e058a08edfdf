import { LAYOUT, RECORDS } from './layout.lua.js';

/**
 * Asks running jobs to end; the first reason stands, since it may have been told to the run already. Answers
 * 'requested', 'ended' or 'unknown', and for a job that waits its body, so that its end can be decided.
 *
 * Safe under rivals: a run that ends meanwhile finds the wish or is over before it.
 */
export const ASK = `${LAYOUT}${RECORDS}
local reason, answers, isAsked = nextArg(), {}, false
while ARGV[at] do
  local id = nextArg()
  local job = read(id)
  local answer
  if not job then
    answer = 'unknown'
  elseif hasEnded(job) then
    answer = 'ended'
  elseif waits(job) then
    answer = { call('HGET', JOBS, id) }
  else
    call('HSETNX', base .. 'cancels', id, reason)
    job.more = '1'
    write(id, job)
    isAsked = true
    answer = 'requested'
  end
  answers[#answers + 1] = answer
end
finish(isAsked and 'cancel')
return answers
`;

/**
 * Starts dead and cancelled jobs again. A job that lives again holds its live key again, unless another has it: the
 * key is taken in the step that sees it free.
 */
export const RETRY = `${LAYOUT}${RECORDS}
local answers = {}
while ARGV[at] do
  local id = nextArg()
  local job = read(id)
  if job and (job.state == '5' or job.state == '6') then
    call('ZREM', ENDED, id)
    call('HDEL', base .. 'reasons', id)
    call('HDEL', base .. 'cancels', id)
    if job.state == '5' then call('HINCRBY', base .. 'dead', job.lane, -1) end
    local stall = call('HGET', base .. 'stalls', id)
    -- The time of the last stall is forgotten, the tokens that were lost are not.
    if stall then call('HSET', base .. 'stalls', id, ZERO13 .. sub(stall, 14)) end
    if job.unique == '2' then call('HSETNX', HOLDERS, call('HGET', KEYS_OF, id), id) end
    job.state, job.attempt, job.stalls, job.ended, job.place = '0', ZERO8, ZERO8, ZERO13, moved(job.place, now)
    wait(id, job)
    write(id, job)
    answers[#answers + 1] = 1
  else
    answers[#answers + 1] = 0
  end
end
finish()
return answers
`;

/** Deletes whatever does not run: what a pop takes in the same moment runs, or is gone before it. */
export const REMOVE = `${LAYOUT}${RECORDS}
local answers = {}
while ARGV[at] do
  local id = nextArg()
  local job = read(id)
  if not job then
    answers[#answers + 1] = 'unknown'
  elseif job.state == '3' then
    answers[#answers + 1] = 'running'
  else
    if waits(job) then unwait(id, job) else call('ZREM', ENDED, id) end
    freeLiving(id, job.unique)
    forget(id, job)
    answers[#answers + 1] = 'removed'
  end
end
finish()
return answers
`;

/** The lanes of jobs that wait; empty for others. */
export const LANES_OF = `${LAYOUT}${RECORDS}
local lanes = {}
while ARGV[at] do
  local job = read(nextArg())
  lanes[#lanes + 1] = job and waits(job) and job.lane or ''
end
return lanes
`;

/**
 * Moves jobs that wait: from one lane to another, to a priority, to a time. What is not given is empty, and stays.
 * Answers 2 for a job in a lane that is not named: a rival moved it meanwhile, and nothing was done to it. A job that a
 * rival claims first runs, and is not moved.
 */
export const CHANGE = `${LAYOUT}${RECORDS}
local priority, delay, answers = nextArg(), nextArg(), {}
local queue, lanes = nextArg(), {}
local isMove = queue ~= ''
for _ = 1, tonumber(nextArg()) do
  local from = nextArg()
  lanes[from] = nextArg()
end
while ARGV[at] do
  local id = nextArg()
  local job = read(id)
  if job and waits(job) and isMove and not lanes[job.lane] then
    answers[#answers + 1] = 2
  elseif job and waits(job) then
    unwait(id, job)
    -- A retry that came due is ready, and one that is ready and put off is scheduled.
    if dueOf(job.place) <= now then job.state = '1' end
    if delay ~= '' then job.place = moved(job.place, now + tonumber(delay)) end
    if priority ~= '' then job.place = priority .. sub(job.place, 11) end
    if isMove then
      job.lane = lanes[job.lane]
      call('HSETNX', base .. 'queues', sub(queue, 2), now)
    end
    wait(id, job)
    if call('HEXISTS', STATES, id) == 1 then
      write(id, job)
    else
      call('HSET', JOBS, id, job.place .. job.lane .. sub(call('HGET', JOBS, id), 47))
    end
    answers[#answers + 1] = 1
  else
    answers[#answers + 1] = 0
  end
end
finish()
return answers
`;

/** Forgets up to a number of ended jobs whose time is over. Each is found and deleted in one step. */
export const PRUNE = `${LAYOUT}${RECORDS}
local ids = call('ZRANGE', ENDED, '-inf', now, 'BYSCORE', 'LIMIT', 0, tonumber(nextArg()))
for _, id in ipairs(ids) do
  call('ZREM', ENDED, id)
  local job = read(id)
  if job then forget(id, job) end
end
finish()
return #ids
`;

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
