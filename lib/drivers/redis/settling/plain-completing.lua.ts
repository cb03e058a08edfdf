import { DROP_CLAIMS } from '../layout/leases.lua.js';
import { LOOK_FOR_PLAIN, TAKE_PLAIN } from '../claiming/plain-claiming.lua.js';
import { COUNT_ENDS } from '../layout/recent.lua.js';
import { DROP_BUCKETS } from '../layout/records.lua.js';

/**
 * What most steps are: runs that completed at their first attempt and are known by brief states, and more like them is wanted,
 * or nothing. Whatever is more than that has not written anything when it leaves here.
 *
 * What is over is taken away last. A hash that is emptied and filled again, or nearly so, by turns, grows and shrinks its
 * table each time, at twice the cost of all else.
 */
export const STEP_PLAIN = `
repeat
  local hasResults = ARGV[5] == 'results'
  if ARGV[4] ~= '1' or ARGV[5] ~= 'alike' and not hasResults then break end
  local keep, size = ARGV[8], tonumber(ARGV[10])
  if ARGV[6] ~= ZERO8 or ARGV[7] ~= ZERO8 or ARGV[9] ~= '00000001' or size > CHUNK then break end
  local ids = { unpack(ARGV, 11, 10 + size) }
  local heads, isPlain = {}, true
  local states = call('HMGET', STATES, unpack(ids))
  for nth = 1, size do
    local text = states[nth]
    local number = heads[text]
    if number then
      heads[text] = number + 1
    elseif text and sub(text, 1, 2) == '3-' then
      heads[text] = 1
    else
      isPlain = false
      break
    end
  end
  if not isPlain then break end
  local results = 11 + size
  at = results + (hasResults and size or 0) + 1
  ${LOOK_FOR_PLAIN}
  -- The first write frees: none of those after it is refused.
  call('ZREM', base .. 'buckets', '')
  ${TAKE_PLAIN}
  local counts, gone, ceased, ends = { completed = {} }, {}, {}, {}
  local completed = counts.completed
  local goes = keep ~= '-' and format('%d', math.ceil(now + tonumber(keep)))
  for text, number in pairs(heads) do
    local bucket, lane, claim = sub(text, 3, 12), sub(text, 13, 19), sub(text, 20)
    completed[lane] = (completed[lane] or 0) + number
    gone[bucket] = (gone[bucket] or 0) + number
    ceased[claim] = (ceased[claim] or 0) + number
    if goes then ends[text] = (hasResults and '4=' or '4-') .. sub(text, 3, 19) .. string.match(claim, '^%d+:(%d+)') .. NOW .. goes end
  end
  if goes then
    local fields = {}
    for nth = 1, size do fields[2 * nth - 1], fields[2 * nth] = ids[nth], ends[states[nth]] end
    call('HSET', STATES, unpack(fields))
    if hasResults then
      for nth = 1, size do fields[2 * nth] = ARGV[results + nth - 1] end
      call('HSET', base .. 'results', unpack(fields))
    end
    call('ZADD', ENDED, goes, pack(ids))
  else
    call('HDEL', JOBS, unpack(ids))
    call('HDEL', STATES, unpack(ids))
    ${DROP_BUCKETS}
  end
  ${DROP_CLAIMS}
  ${COUNT_ENDS}
  return { size, claimed }
until true
`;
