import { CLAIM } from '../claiming/claiming.lua.js';
import { STEP_PLAIN } from './plain-completing.lua.js';
import { withRecords } from '../layout/records.lua.js';

/**
 * Writes what was decided of jobs, each only if it still is as the decision found it: run under this token, waiting,
 * waiting past its expiry, or stalled under this token. Answers for each: 1 recorded, 2 lost, 3 gone, or, where somebody asked for the end of
 * a job that would go on, its body and the reason, and nothing is written.
 *
 * Safe under rivals: the guard is read in the step that writes. The first write frees, so that ends of runs are
 * recorded also when memory is full.
 */
const SETTLE = `
-- A write that frees is never refused, and nor are those after it.
local function free() call('HDEL', base .. 'claims', '') end

-- A lease that holds no more was settled, and that stands, or it was lost.
local function answerAgain(id, token)
  local job = read(id)
  if not job then return 3 end
  if token < 1 or token > job.token or (job.state == '3' and token == job.token) then return 2 end
  if job.more ~= '0' then
    local stall = call('HGET', base .. 'stalls', id)
    if stall and string.find(sub(stall, 14) .. ',', ',' .. token .. ',', 1, true) then return 2 end
  end
  return 1
end

-- What the states of jobs that were claimed together begin with is the same: looked at once, it tells of all.
local function headOf(heads, text, counted, goes, hasResults)
  local isShort = isBrief(text)
  local start = isShort and text or sub(text, 1, 60)
  local head = heads[start]
  if head then return head end
  head = { isRunning = sub(text, 1, 1) == '3', isBrief = isShort, lane = laneOf(text), number = 0 }
  if isShort then
    head.token, head.more, head.unique, head.claim = sub(FIRST, 1, 8), '0', '0', claimOf(text)
    if head.isRunning then head.ended = (hasResults and '4=' or '4-') .. sub(text, 3, 19) .. startOf(head.claim) .. NOW .. goes end
  else
    head.token, head.more, head.unique = sub(text, 4, 11), sub(text, 2, 2), sub(text, 3, 3)
    head.ended = '4' .. (hasResults and head.more == '0' and '1' or head.more) .. sub(text, 3, 11) .. counted .. sub(text, 28, 47) .. NOW
  end
  heads[start] = head
  return head
end

-- What is to be done of those that may have a group, a limit, or others who wait for them.
local function endRich(ended)
  local lanes, isAwaited = {}, nil
  for _, one in ipairs(ended) do
    local id, head, _, result = unpack(one)
    if head.more == '2' then
      local own = lanes[head.lane] or {}
      lanes[head.lane], own[#own + 1] = own, id
      -- Whoever ever waited for another stands there.
      if isAwaited == nil then isAwaited = call('EXISTS', base .. 'open') == 1 end
      if isAwaited then noteEnd(id, '4', result) end
    end
  end
  for lane, own in pairs(lanes) do
    local groups = call('HMGET', base .. 'grouped', unpack(own))
    endRuns(lane, own, groups)
    for nth = 1, #own do
      if groups[nth] then join(lane, groups[nth], -1) end
    end
  end
end

-- No more than a chunk, and no id is there twice.
local function completeChunk(attempt, stalls, keep, token, size, answers, results)
  local ids = { unpack(ARGV, at, at + size - 1) }
  at = at + size
  local states, held, fields, heads, rest = call('HMGET', STATES, unpack(ids)), {}, {}, {}, {}
  local number, last, counted, goes = 0, #answers, attempt .. stalls, ''
  if keep then goes = format('%d', math.ceil(now + keep)) end
  free()
  local isCounted = keep and counted ~= ZERO8 .. ZERO8
  for nth = 1, size do
    local id, text = ids[nth], states[nth]
    if text and isCounted and isBrief(text) then text = fullOf(text, call('HGET', JOBS, id) or '') end
    local head = text and headOf(heads, text, counted, goes, results)
    if head and head.isRunning and head.token == token then
      number = number + 1
      held[number] = id
      head.number = head.number + 1
      if not head.isBrief then
        cease(claimOf(text))
        rest[#rest + 1] = { id, head, text, results and '+' .. results[nth] or '' }
      end
      if keep then
        fields[2 * number - 1] = id
        fields[2 * number] = head.isBrief and head.ended or head.ended .. sub(text, 61, 99) .. goes
      end
      if results and keep then call('HSET', base .. 'results', id, results[nth]) end
      answers[last + nth] = 1
    else
      answers[last + nth] = answerAgain(id, tonumber(token))
    end
  end
  if number == 0 then return end
  if keep then
    call('HSET', STATES, unpack(fields))
    keepAll(goes, held)
  else
    call('HDEL', JOBS, unpack(held))
    call('HDEL', STATES, unpack(held))
  end
  for text, head in pairs(heads) do
    if head.number > 0 then
      count('completed', head.lane, head.number)
      if head.isBrief then
        cease(head.claim, head.number)
        if not keep then forgetSome(bucketOf(text), head.number) end
      end
    end
  end
  endRich(rest)
  for _, one in ipairs(rest) do
    local id, head, text = unpack(one)
    if head.unique ~= '0' then freeLiving(id, head.unique) end
    if not keep then forgetRest(id, head.more, head.unique, bucketOf(text)) end
  end
end

local function isStalled(claim)
  local until_ = call('ZSCORE', LEASES, claim)
  return until_ and tonumber(until_) <= now
end

-- Whether an end is still to be decided.
local isOwed = false

local function settleOne(guard)
  local id, token = nextArg(), nextArg()
  local s = {
    state = nextArg(), attempt = nextArg(), stalls = nextArg(), delay = nextArg(), keep = nextArg(),
    reason = nextArg(), cancel = nextArg(), result = nextArg(), failure = nextArg(), stall = nextArg()
  }
  local job = read(id)
  local isAsFound
  if guard == 'waiting' then
    isAsFound = job and (waits(job) or job.state == '7')
  elseif guard == 'expired' then
    isAsFound = job and (waits(job) or job.state == '7') and hasExpired(id, job)
  else
    isAsFound = job and job.state == '3' and job.token == tonumber(token)
    if guard == 'stalled' then isAsFound = isAsFound and isStalled(job.rest) end
  end
  if not isAsFound then return guard == 'run' and answerAgain(id, tonumber(token)) or 2 end
  if s.keep == '' and job.more ~= '0' then
    local reason = call('HGET', base .. 'cancels', id)
    if reason then
      isOwed = true
      return { call('HGET', JOBS, id), reason }
    end
  end
  free()
  settle(id, job, s)
  -- At once: the next of these may be one that waited for it.
  tellEnds()
  return 1
end

local answers = {}
for _ = 1, tonumber(nextArg()) do
  local guard = nextArg()
  if guard == 'alike' or guard == 'results' then
    local attempt, stalls, keep, token, total = nextArg(), nextArg(), tonumber(nextArg()), nextArg(), tonumber(nextArg())
    local results = guard == 'results' and { unpack(ARGV, at + total, at + 2 * total - 1) }
    completeChunk(attempt, stalls, keep, token, total, answers, results)
    if results then at = at + total end
  else
    answers[#answers + 1] = settleOne(guard)
  end
end
tellEnds()
`;

/** Settles, then claims if asked to: not while an end is owed, whose room the claim is to give out. */
export const STEP = withRecords(
  `${CLAIM}${SETTLE}
local claimed = nextArg() == '1' and not isOwed and claim() or {}
finish()
return { answers, claimed }
`,
  `${STEP_PLAIN}at = 4\n`,
);

/**
 * Up to a number of jobs whose lease ran out, as they must be known to decide what becomes of them. What is leased and
 * does not run is odd, and must not be found again and again.
 */
export const EXPIRED = withRecords(`
local found, limit = { now }, tonumber(nextArg())
for _, claim in ipairs(call('ZRANGE', LEASES, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)) do
  if #found > limit then break end
  local ids, states = runningOf(claim)
  local isOdd = true
  for nth, id in ipairs(ids) do
    local body = call('HGET', JOBS, id)
    if body then
      isOdd = false
      if #found > limit then break end
      found[#found + 1] = { id, body, fullOf(states[nth], body), call('HGET', base .. 'cancels', id),
        call('HGET', base .. 'stalls', id) }
    end
  end
  if isOdd then
    call('ZREM', LEASES, claim)
    call('HDEL', base .. 'claims', claim)
    call('HDEL', base .. 'over', claim)
  end
end
return found
`);

/** Up to a number of jobs that nobody took in time. What is odd must not be found again and again. */
export const OVERDUE = withRecords(`
local found, limit = {}, tonumber(nextArg())
for _, line in ipairs({ 'expired', 'expiries' }) do
  for _, id in ipairs(call('ZRANGE', base .. line, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit - #found)) do
    local job, body = read(id), call('HGET', JOBS, id)
    if job and body and (waits(job) or job.state == '7') and hasExpired(id, job) then
      found[#found + 1] = { id, body, call('HGET', STATES, id) }
    else
      call('ZREM', base .. line, id)
    end
  end
end
return found
`);
