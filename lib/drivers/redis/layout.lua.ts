/**
 * How jobs lie in Redis, and what every script begins with. All keys of one storage begin with its prefix in
 * braces, so that they share one slot of a cluster: a pop looks at several queues at once.
 *
 * Redis runs a script alone: nobody comes between its first and its last line. It does not undo a script that
 * fails half way, so scripts look first and write then, and the first write of those that must work when memory is
 * full is one that frees.
 *
 * | key | holds |
 * |---|---|
 * | `jobs` | id → place 39, lane 7, enqueued 13, unique 1, then what the client wrote. Never changes but by `change` |
 * | `states` | id → what a run changes (see `read`). Absent until the first claim or end |
 * | `ready:<lane>` | members place + id, all of score 0: Redis keeps them in the order of the port |
 * | `scheduled:<lane>`, `retrying:<lane>` | the same members, by the time they are due |
 * | `due` | which of those has something due, and when: maybe too early, never too late |
 * | `leases`, `ended` | ids by the end of the lease, by the time the record may go |
 * | `keys`, `holders` | id → unique key, unique key → the id that holds it |
 * | `reasons`, `cancels`, `progress`, `results`, `stalls`, `failures:<id>` | what few jobs have |
 * | `arrivals:<n>`, `buckets`, `alive` | ids in the order of arrival, a thousand each; which there are; jobs left in each |
 *
 * A place is priority 10, due 16, arrival 13, all decimal digits: texts of one length compare as their numbers do.
 */
export const LAYOUT = `
local call, sub, format = redis.call, string.sub, string.format
local base = KEYS[1] .. ':'
local now
if ARGV[2] == '' then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
else
  now = tonumber(ARGV[2])
end
-- The caller numbers lanes as they were when it last looked; data that was lost numbers them anew.
if call('GET', base .. 'lanes') ~= ARGV[1] then return redis.error_reply('STALE lanes') end
local JOBS, STATES, LEASES, ENDED = base .. 'jobs', base .. 'states', base .. 'leases', base .. 'ended'
local KEYS_OF, HOLDERS = base .. 'keys', base .. 'holders'
local NOW, ZERO8, ZERO13 = format('%013d', now), '00000000', '0000000000000'
local CHUNK = 1000
local at = 4

local function nextArg()
  at = at + 1
  return ARGV[at - 1]
end
`;

/** What becomes ready, now or later, and how others hear of it. A publish that is not allowed must not stop a script. */
export const NEWS = `
local ready = {}

local function postpone(kind, lane, due, ...)
  call('ZADD', base .. kind .. lane, ...)
  call('ZADD', base .. 'due', 'LT', due, kind .. lane)
end

local function tell(pulse)
  local lanes = {}
  for lane in pairs(ready) do lanes[#lanes + 1] = lane end
  if #lanes > 0 then
    local told = #lanes > 50 and '' or table.concat(lanes, ',')
    redis.pcall('PUBLISH', base .. 'news', ARGV[3] .. ' ready ' .. told)
  end
  if pulse then redis.pcall('PUBLISH', base .. 'news', ARGV[3] .. ' ' .. pulse) end
end
`;

/** Gives a unique key back. */
export const FREE_KEY = `
-- Only if the key is still this job's own.
local function freeKey(id)
  local key = call('HGET', KEYS_OF, id)
  if key and call('HGET', HOLDERS, key) == id then call('HDEL', HOLDERS, key) end
end
`;

/** What scripts that change jobs one by one share. */
export const RECORDS = `${NEWS}${FREE_KEY}
-- A job as it stands, or nil. All but the token are texts of fixed length.
local function read(id)
  local text = call('HGET', STATES, id)
  if text then
    return {
      state = sub(text, 1, 1), more = sub(text, 2, 2), unique = sub(text, 3, 3), token = tonumber(sub(text, 4, 11)),
      attempt = sub(text, 12, 19), stalls = sub(text, 20, 27), lane = sub(text, 28, 34),
      started = sub(text, 35, 47), ended = sub(text, 48, 60), place = sub(text, 61, 99), runner = sub(text, 100)
    }
  end
  local body = call('HGET', JOBS, id)
  if not body then return nil end
  return {
    state = '1', more = '0', unique = sub(body, 60, 60), token = 0, attempt = ZERO8, stalls = ZERO8,
    lane = sub(body, 40, 46), started = ZERO13, ended = ZERO13, place = sub(body, 1, 39), runner = ''
  }
end

local function write(id, job)
  call('HSET', STATES, id, job.state .. job.more .. job.unique .. format('%08d', job.token) .. job.attempt
    .. job.stalls .. job.lane .. job.started .. job.ended .. job.place .. job.runner)
end

local function waits(job) return job.state < '3' end
local function hasEnded(job) return job.state > '3' end
local function dueOf(place) return tonumber(sub(place, 11, 26)) end

local function moved(place, due)
  return sub(place, 1, 10) .. format('%016d', math.ceil(due)) .. sub(place, 27)
end

local function wait(id, job)
  local due = dueOf(job.place)
  if due <= now then
    job.state = '0'
    call('ZADD', base .. 'ready:' .. job.lane, 0, job.place .. id)
  else
    postpone(job.state == '2' and 'retrying:' or 'scheduled:', job.lane, due, due, job.place .. id)
  end
  ready[job.lane] = true
end

-- A job whose time has come may not have been moved to the ready ones yet.
local function unwait(id, job)
  local member = job.place .. id
  if call('ZREM', base .. 'ready:' .. job.lane, member) > 0 then return end
  if call('ZREM', base .. 'scheduled:' .. job.lane, member) > 0 then return end
  call('ZREM', base .. 'retrying:' .. job.lane, member)
end

local function freeLiving(id, unique)
  if unique == '1' or unique == '2' then freeKey(id) end
end

local gone = {}
local function forgetRest(id, more, unique, place)
  if unique ~= '0' then call('HDEL', KEYS_OF, id) end
  if more == '1' then
    for _, name in ipairs({ 'reasons', 'cancels', 'progress', 'results', 'stalls' }) do
      call('HDEL', base .. name, id)
    end
    call('DEL', base .. 'failures:' .. id)
  end
  local bucket = math.floor(tonumber(sub(place, 27, 39)) / 1000)
  gone[bucket] = (gone[bucket] or 0) + 1
end

local function forget(id, job)
  call('HDEL', JOBS, id)
  call('HDEL', STATES, id)
  if job.state == '5' then call('HINCRBY', base .. 'dead', job.lane, -1) end
  forgetRest(id, job.more, job.unique, job.place)
end

-- A bucket goes with the last of its jobs.
local function dropBuckets()
  for bucket, count in pairs(gone) do
    if call('HINCRBY', base .. 'alive', bucket, -count) <= 0 then
      call('HDEL', base .. 'alive', bucket)
      call('ZREM', base .. 'buckets', bucket)
      call('DEL', base .. 'arrivals:' .. bucket)
    end
  end
end

local counts = { completed = {}, failed = {} }
local function count(what, lane)
  counts[what][lane] = (counts[what][lane] or 0) + 1
end

-- The last lines of a script: what is written once for all that happened in it.
local function finish(pulse)
  dropBuckets()
  for what, lanes in pairs(counts) do
    for lane, number in pairs(lanes) do call('HINCRBY', base .. what, lane, number) end
  end
  tell(pulse)
end
`;
