import { LAYOUT, NEWS } from '../layout/layout.lua.js';
import { LINES } from '../layout/lines.lua.js';
import { ARRIVE, PUSH_PLAIN } from './plain-pushing.lua.js';
import { HOLDER_OF } from '../layout/unique-keys.lua.js';

/**
 * Stores runs of jobs that are alike in all but id, text and unique key. A queue is named until it is known. Returns, for each that was not stored, its
 * index and the id of the job that is there.
 *
 * Safe under rivals: that an id is unknown or a key is free is seen in the step that takes it. All or none: the
 * first write is refused when memory is full, and none of the others is.
 */
export const PUSH_RUNS = `${HOLDER_OF}
local duplicates, index, last = {}, 0, nil

local function arrive(first, ids)
  ${ARRIVE}
end

local function pushRuns()
  for _ = 1, tonumber(nextArg()) do
    local lane, priority, kind, due = nextArg(), nextArg(), nextArg(), tonumber(nextArg())
    local unique, queue, total = nextArg(), nextArg(), tonumber(nextArg())
    if kind == 'in' then due = now + due end
    -- Up, since a job must never run early.
    due = math.ceil(math.max(now, due))
    local isNow = due <= now
    local isLined = isNow and unique == '0' and priority == PLAIN and ghostsOf(lane) == 0
    local head, tail = priority .. format('%016d', due), lane .. (isLined and '1' or '0') .. NOW .. unique
    local step = unique == '0' and 2 or 3
    for start = 0, total - 1, CHUNK do
      local size = math.min(CHUNK, total - start)
      local from, ids = at, {}
      at = at + size * step
      for nth = 1, size do ids[nth] = ARGV[from + (nth - 1) * step] end
      local known, seen, stored, places = call('HMGET', JOBS, unpack(ids)), {}, {}, {}
      -- Counted, since Lua searches for the length of a table whenever it is asked.
      local added = 0
      for nth = 1, size do
        local id = ids[nth]
        local present = (known[nth] or seen[id]) and id
        if not present and unique ~= '0' then
          local key = ARGV[from + (nth - 1) * step + 2]
          present = holderOf(key)
          if not present then
            call('HSET', HOLDERS, key, id)
            call('HSET', KEYS_OF, id, key)
          end
        end
        if present then
          duplicates[#duplicates + 1] = index + nth - 1
          duplicates[#duplicates + 1] = present
        else
          seen[id] = true
          added = added + 1
          stored[added], places[added] = id, from + (nth - 1) * step + 1
        end
      end
      index = index + size
      if added > 0 then
        local first = call('INCRBY', base .. 'arrived', added) - added
        local fields, members = {}, {}
        -- As text: to print a number costs Redis more than to store the job under it.
        local score = isNow and '0' or format('%d', due)
        for nth = 1, added do
          local id, odd = stored[nth], 2 * nth - 1
          local place = head .. format('%013d', first + nth - 1)
          fields[odd], fields[odd + 1] = id, place .. tail .. ARGV[places[nth]]
          if not isLined then members[odd], members[odd + 1] = score, place .. id end
        end
        call('HSET', JOBS, unpack(fields))
        arrive(first, stored)
        if isLined then
          call('RPUSH', base .. 'line:' .. lane, unpack(stored))
        elseif isNow then
          call('ZADD', base .. 'ready:' .. lane, unpack(members))
        else
          postpone('scheduled:', lane, due, unpack(members))
        end
        if queue ~= '' then call('HSETNX', base .. 'queues', queue, now) end
        -- Also for a job that is due later: whoever sleeps until the next one it knew of must look again.
        ready[lane] = true
        last = stored[added]
      end
    end
  end
end
`;

export const PUSH = `${LAYOUT}${PUSH_PLAIN}${NEWS}${LINES}${PUSH_RUNS}
pushRuns()
tell()
return duplicates
`;
