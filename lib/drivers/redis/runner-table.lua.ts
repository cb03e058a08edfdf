import { LAYOUT } from './layout.lua.js';
import { RECORDS } from './records.lua.js';

/**
 * Registers a runner and extends the leases it still holds. Returns the ids of those it lost, and id and reason of
 * those that should end.
 *
 * Safe under rivals: a lease that somebody else took has another token, and is not extended. It is never shortened.
 */
export const BEAT = `${LAYOUT}
local id, info, length = nextArg(), nextArg(), tonumber(nextArg())
local RUNNERS, UNTIL = base .. 'runners', base .. 'runners:until'
local over = call('ZRANGE', UNTIL, '-inf', now, 'BYSCORE', 'LIMIT', 0, CHUNK)
if #over > 0 then
  call('ZREM', UNTIL, unpack(over))
  call('HDEL', RUNNERS, unpack(over))
end
call('HSET', RUNNERS, id, NOW .. info)
call('ZADD', UNTIL, now + length, id)
local lost, cancelled = {}, {}
while ARGV[at] do
  local ids, tokens = {}, {}
  while ARGV[at] and #ids < CHUNK do ids[#ids + 1], tokens[#tokens + 1] = nextArg(), nextArg() end
  local states, leases = call('HMGET', STATES, unpack(ids)), {}
  for nth, job in ipairs(ids) do
    local state = states[nth]
    if state and sub(state, 1, 1) == '3' and sub(state, 4, 11) == tokens[nth] then
      leases[#leases + 1], leases[#leases + 2] = now + length, job
      local reason = sub(state, 2, 2) ~= '0' and call('HGET', base .. 'cancels', job)
      if reason then cancelled[#cancelled + 1], cancelled[#cancelled + 2] = job, reason end
    else
      lost[#lost + 1] = job
    end
  end
  if #leases > 0 then call('ZADD', LEASES, 'GT', unpack(leases)) end
end
return { lost, cancelled }
`;

/** Under the token that the report names, and no other. */
export const PROGRESS = `${LAYOUT}${RECORDS}
while ARGV[at] do
  local id, token, progress = nextArg(), tonumber(nextArg()), nextArg()
  local job = read(id)
  if job and job.state == '3' and job.token == token then
    call('HSET', base .. 'progress', id, progress)
    if job.more == '0' then
      job.more = '1'
      write(id, job)
    end
  end
end
return 1
`;

/** Its leases, if any, run out by themselves. */
export const LEAVE = `${LAYOUT}
local id = nextArg()
call('HDEL', base .. 'runners', id)
call('ZREM', base .. 'runners:until', id)
return 1
`;

/** The runners whose last beat has not run out, and which runner holds each lease. */
export const LIVE = `${LAYOUT}
local runners, holders = {}, {}
for _, id in ipairs(call('ZRANGE', base .. 'runners:until', '(' .. NOW, '+inf', 'BYSCORE')) do
  runners[#runners + 1], runners[#runners + 2] = id, call('HGET', base .. 'runners', id)
end
local ids = call('ZRANGE', LEASES, 0, -1)
for start = 1, #ids, CHUNK do
  local states = call('HMGET', STATES, unpack(ids, start, math.min(#ids, start + CHUNK - 1)))
  for _, state in ipairs(states) do holders[#holders + 1] = state and sub(state, 100) end
end
return { runners, holders }
`;
