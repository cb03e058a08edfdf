import { LAYOUT } from './layout/layout.lua.js';
import { LEASING } from './layout/leases.lua.js';
import { withRecords } from './layout/records.lua.js';

/**
 * Registers a runner and extends the leases it still holds. Returns the ids of those it lost, and id and reason of
 * those that should end.
 *
 * Safe under rivals: a lease that somebody else took has another token, and is not extended. It is never shortened.
 */
export const BEAT = `${LAYOUT}${LEASING}
local id, info, length, beat = nextArg(), nextArg(), tonumber(nextArg()), nextArg()
local RUNNERS, UNTIL = base .. 'runners', base .. 'runners:until'
local over = call('ZRANGE', UNTIL, '-inf', now, 'BYSCORE', 'LIMIT', 0, CHUNK)
if #over > 0 then
  call('ZREM', UNTIL, unpack(over))
  call('HDEL', RUNNERS, unpack(over))
end
call('HSET', RUNNERS, id, NOW .. info)
call('ZADD', UNTIL, now + length, id)
local lost, cancelled, held = {}, {}, {}
while ARGV[at] do
  local ids, tokens = {}, {}
  while ARGV[at] and #ids < CHUNK do ids[#ids + 1], tokens[#tokens + 1] = nextArg(), nextArg() end
  local states = call('HMGET', STATES, unpack(ids))
  for nth, job in ipairs(ids) do
    local state = states[nth]
    if state and sub(state, 1, 1) == '3' and (isBrief(state) and sub(FIRST, 1, 8) or sub(state, 4, 11)) == tokens[nth] then
      local claim = claimOf(state)
      local own = held[claim] or { ids = {}, states = {} }
      held[claim] = own
      own.ids[#own.ids + 1], own.states[#own.states + 1] = job, state
      local reason = not isBrief(state) and sub(state, 2, 2) ~= '0' and call('HGET', base .. 'cancels', job)
      if reason then cancelled[#cancelled + 1], cancelled[#cancelled + 2] = job, reason end
    else
      lost[#lost + 1] = job
    end
  end
end
local nth = 0
for claim, own in pairs(held) do
  if #own.ids == sizeOf(claim) - tonumber(call('HGET', base .. 'over', claim) or 0) then
    call('ZADD', LEASES, 'GT', now + length, claim)
  else
    local over = math.max(now + length, tonumber(call('ZSCORE', LEASES, claim) or 0))
    nth = nth + 1
    local moved, fields = openClaim(ARGV[3] .. ':' .. beat .. ':' .. nth, startOf(claim), claimed(claim) or id, own.ids, format('%d', over)), {}
    for of, state in ipairs(own.states) do
      fields[2 * of - 1], fields[2 * of] = own.ids[of], sub(state, 1, isBrief(state) and 19 or 99) .. moved
      cease(claim)
    end
    for from = 1, #fields, 2 * CHUNK do
      call('HSET', STATES, unpack(fields, from, math.min(#fields, from + 2 * CHUNK - 1)))
    end
  end
end
dropClaims()
return { lost, cancelled }
`;

/** Under the token that the report names, and no other. */
export const PROGRESS = withRecords(`
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
`);

/** Its leases, if any, run out by themselves. */
export const LEAVE = `${LAYOUT}
local id = nextArg()
call('HDEL', base .. 'runners', id)
call('ZREM', base .. 'runners:until', id)
return 1
`;

/** The runners whose last beat has not run out, and in pairs who holds a claim, and how many run under it. */
export const LIVE = `${LAYOUT}${LEASING}
local runners, holders = {}, {}
for _, id in ipairs(call('ZRANGE', base .. 'runners:until', '(' .. NOW, '+inf', 'BYSCORE')) do
  runners[#runners + 1], runners[#runners + 2] = id, call('HGET', base .. 'runners', id)
end
for _, claim in ipairs(call('ZRANGE', LEASES, 0, -1)) do
  holders[#holders + 1], holders[#holders + 2] = claimed(claim) or '', #runningOf(claim)
end
return { runners, holders }
`;
