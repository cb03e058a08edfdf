import { LOOK_FOR_PLAIN, TAKE_PLAIN } from './plain-claiming.lua.js';
import { RECENT_UNITS } from './recent.lua.js';

const UNITS = Object.entries(RECENT_UNITS).map(
  ([unit, [step, span]]) => `{ '${unit}', ${step}, ${step + span} }`,
);

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
  local lanes, gone, claims, ends = {}, {}, {}, {}
  local goes = keep ~= '-' and format('%d', math.ceil(now + tonumber(keep)))
  for text, number in pairs(heads) do
    local bucket, lane, claim = sub(text, 3, 12), sub(text, 13, 19), sub(text, 20)
    lanes[lane] = (lanes[lane] or 0) + number
    gone[bucket] = (gone[bucket] or 0) + number
    claims[claim] = (claims[claim] or 0) + number
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
    for digits, number in pairs(gone) do
      local bucket = format('%d', digits)
      if call('HINCRBY', base .. 'alive', bucket, -number) <= 0 then
        call('HDEL', base .. 'alive', bucket)
        call('ZREM', base .. 'buckets', bucket)
        call('DEL', base .. 'arrivals:' .. bucket)
      end
    end
  end
  for claim, number in pairs(claims) do
    local all = tonumber(string.match(claim, '^%d+'))
    if number < all then
      number = call('HINCRBY', base .. 'over', claim, number)
      if number >= all then call('HDEL', base .. 'over', claim) end
    end
    if number >= all then
      call('ZREM', LEASES, claim)
      call('HDEL', base .. 'claims', claim)
    end
  end
  for lane, number in pairs(lanes) do
    call('HINCRBY', base .. 'completed', lane, number)
    for _, unit in ipairs({ ${UNITS.join(', ')} }) do
      local step = math.floor(now / unit[2])
      local key = 'recent:' .. unit[1] .. ':' .. format('%d', step)
      if call('HINCRBY', base .. key, 'completed:' .. lane, number) == number then
        call('ZADD', base .. 'steps', step * unit[2] + unit[3], key)
      end
    end
  end
  return { size, claimed }
until true
`;
