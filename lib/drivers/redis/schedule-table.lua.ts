import { LAYOUT, NEWS } from './layout/layout.lua.js';
import { PUSH_MIXED } from './pushing/rich-pushing.lua.js';
import { withRecords } from './layout/records.lua.js';

/**
 * Declares schedules whose declaration is still the one that was read when it was decided whether the timing is the
 * same. Returns the indexes of those that somebody else declared meanwhile.
 */
export const PUT = `${LAYOUT}${NEWS}
local refused, index = {}, 0
while ARGV[at] do
  local key, read, declared, first = nextArg(), nextArg(), nextArg(), nextArg()
  if (call('HGET', base .. 'schedules', key) or '') ~= read then
    refused[#refused + 1] = index
  else
    call('HSET', base .. 'schedules', key, declared)
    if first ~= '' then call('ZADD', base .. 'ticks', now + tonumber(first), key) end
  end
  index = index + 1
end
tell('schedule')
return refused
`;

const SCHEDULE = `
local function schedule(key, nextAt)
  return { call('HGET', base .. 'schedules', key), nextAt, call('HGET', base .. 'watermarks', key),
    call('HGET', base .. 'fired', key) }
end
`;

/** The declarations of these keys, empty where there is none. */
export const DECLARED = `${LAYOUT}
local declared = {}
while ARGV[at] do declared[#declared + 1] = call('HGET', base .. 'schedules', nextArg()) or '' end
return declared
`;

/** Up to a number of schedules, the one that ticks next first. All of one moment. */
export const NEXT = `${LAYOUT}${SCHEDULE}
local found, next = { now }, call('ZRANGE', base .. 'ticks', 0, tonumber(nextArg()), 'WITHSCORES')
for nth = 1, #next, 2 do found[#found + 1] = schedule(next[nth], next[nth + 1]) end
return found
`;

/** The schedules of these keys that are there. All of one moment. */
export const OF_KEYS = `${LAYOUT}${SCHEDULE}
local found = { now }
while ARGV[at] do
  local key = nextArg()
  local tick = call('ZSCORE', base .. 'ticks', key)
  if tick then found[#found + 1] = schedule(key, tick) end
end
return found
`;

/** Whoever deletes it first is told so. */
export const REMOVE_SCHEDULES = `${LAYOUT}${NEWS}
local answers, isAny = {}, false
while ARGV[at] do
  local key = nextArg()
  local removed = call('HDEL', base .. 'schedules', key)
  call('ZREM', base .. 'ticks', key)
  call('HDEL', base .. 'watermarks', key)
  call('HDEL', base .. 'fired', key)
  if removed > 0 then isAny = true end
  answers[#answers + 1] = removed
end
tell(isAny and 'schedule')
return answers
`;

/**
 * Takes steps of schedules: moves one on and stores its jobs, if the tick is still the one that was read. Of all
 * processes that try the same step, the first finds it; the others write nothing.
 */
export const FIRE = withRecords(`${PUSH_MIXED}
local answers, isNearer = {}, false
while ARGV[at] do
  local key, expected, watermark, nextAt, after = nextArg(), nextArg(), nextArg(), nextArg(), tonumber(nextArg())
  local tick = call('ZSCORE', base .. 'ticks', key)
  if tick and tonumber(tick) == tonumber(expected) then
    call('ZADD', base .. 'ticks', nextAt, key)
    if tonumber(nextAt) < tonumber(expected) then isNearer = true end
    local before = call('HGET', base .. 'watermarks', key)
    if not before or tonumber(before) < tonumber(watermark) then
      call('HSET', base .. 'watermarks', key, watermark)
    end
    last = nil
    pushMixed()
    if last then call('HSET', base .. 'fired', key, last) end
    answers[#answers + 1] = 1
  else
    at = at + after
    answers[#answers + 1] = 0
  end
end
finish(isNearer and 'schedule')
return answers
`);
