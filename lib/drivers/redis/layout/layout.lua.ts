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
 * | `jobs` | id → place 39, lane 7, in line 1, enqueued 13, unique 1, then what the client wrote. Never changes but by `change` |
 * | `policies` | those that jobs name by their number, once for all of them |
 * | `states` | id → what a run changes (see `read`). Absent until the first claim or end |
 * | `line:<lane>` | ids of jobs that were pushed plain and due (see `lines.lua.ts`), as they came |
 * | `ready:<lane>` | of the other ready ones, members place + id, all of score 0: Redis keeps them in the order of the port |
 * | `scheduled:<lane>`, `retrying:<lane>` | the same members, by the time they are due |
 * | `ordered:<lane>` | ids of the ready ones that have an order, by the time they were due |
 * | `due` | which of those has something due, and when: maybe too early, never too late |
 * | `leases`, `claims`, `over` | what was claimed together (see `leases.lua.ts`) |
 * | `ended` | ids that ended together, packed, by the time the records may go: some may be elsewhere by then |
 * | `keys`, `holders` | id → unique key, unique key → the id that holds it |
 * | `holds` | unique keys that are held for a time, by its end |
 * | `reasons`, `cancels`, `progress`, `results`, `stalls`, `failures:<id>` | what few jobs have |
 * | `places` | id → expiry 13, order 1, step 13: of jobs with an expiry or an order |
 * | `expiries`, `expired` | ids of jobs that nobody took yet, by the time for it; those of them that claims set aside |
 * | `recent:<unit>:<step>`, `steps` | what ended in one step of time; those keys, by when they are over |
 * | `arrivals:<n>`, `buckets`, `alive` | ids in the order of arrival, packed, a thousand each; which there are; jobs left in each |
 *
 * A place is priority 10, due 16, arrival 13, all decimal digits: texts of one length compare as their numbers do. With an
 * order the member stands elsewhere (`memberOf`), and the place stays what was asked for.
 *
 * The second letter of a state says what else there is: 0 nothing, 1 what a run left behind, 2 anything, so that jobs
 * without expiry, order, group or flow, in queues without limits, pay for none of them.
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
local pack, unpacked = cmsgpack.pack, cmsgpack.unpack
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
-- Lanes of which the caller tells its own process, and those of which it cannot know: told to all.
local ready, freed = {}, {}

local function postpone(kind, lane, due, ...)
  call('ZADD', base .. kind .. lane, ...)
  call('ZADD', base .. 'due', 'LT', due, kind .. lane)
end

local function publish(sender, told)
  local lanes = {}
  for lane in pairs(told) do lanes[#lanes + 1] = lane end
  if #lanes == 0 then return end
  redis.pcall('PUBLISH', base .. 'news', sender .. ' ready ' .. (#lanes > 50 and '' or table.concat(lanes, ',')))
end

local function tell(pulse)
  for lane in pairs(freed) do ready[lane] = nil end
  publish(ARGV[3], ready)
  publish('-', freed)
  if pulse then redis.pcall('PUBLISH', base .. 'news', ARGV[3] .. ' ' .. pulse) end
end
`;
