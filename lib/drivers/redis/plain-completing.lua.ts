import { LOOK_FOR_PLAIN, TAKE_PLAIN } from './plain-claiming.lua.js';
import { RECENT_UNITS } from './recent.lua.js';

const UNITS = Object.entries(RECENT_UNITS).map(
  ([unit, [step, span]]) => `{ '${unit}', ${step}, ${step + span} }`,
);

/**
 * What most steps are: all of a few claims has completed, is known by brief states, and more like it is wanted or nothing.
 * Whatever is more than that has not written anything when it leaves here. The first write frees, unless memory is
 * low and a claim goes on: then all of it is left to the rest.
 */
export const STEP_PLAIN = `
repeat
  if ARGV[4] ~= '1' or ARGV[5] ~= 'alike' then break end
  local keep, size = ARGV[8], tonumber(ARGV[10])
  if ARGV[6] ~= ZERO8 or ARGV[7] ~= ZERO8 or ARGV[9] ~= '00000001' or size > CHUNK then break end
  local ids = { unpack(ARGV, 11, 10 + size) }
  local heads, isPlain, seen = {}, true, {}
  local states = call('HMGET', STATES, unpack(ids))
  for nth = 1, size do
    local text, id = states[nth], ids[nth]
    local number = heads[text]
    if number then
      heads[text] = number + 1
    elseif text and sub(text, 1, 2) == '3-' then
      heads[text] = 1
    else
      isPlain = false
      break
    end
    if seen[id] then isPlain = false break end
    seen[id] = true
  end
  if not isPlain then break end
  at = 12 + size
  ${LOOK_FOR_PLAIN}
  local lanes, gone, claims, whole, ends = {}, {}, {}, { '' }, {}
  local goes = keep ~= '-' and format('%d', math.ceil(now + tonumber(keep)))
  for text, number in pairs(heads) do
    local bucket, lane, claim = sub(text, 3, 12), sub(text, 13, 19), sub(text, 20)
    lanes[lane] = (lanes[lane] or 0) + number
    gone[bucket] = (gone[bucket] or 0) + number
    claims[claim] = (claims[claim] or 0) + number
    if goes then ends[text] = '4' .. sub(text, 2, 19) .. string.match(claim, '^%d+:(%d+)') .. NOW .. goes end
  end
  local parts = {}
  for claim, number in pairs(claims) do
    if number == tonumber(string.match(claim, '^%d+')) then whole[#whole + 1] = claim else parts[claim] = number end
  end
  call('ZREM', LEASES, unpack(whole))
  if #whole > 1 then call('HDEL', base .. 'claims', unpack(whole)) end
  for claim, number in pairs(parts) do
    if call('HINCRBY', base .. 'over', claim, number) >= tonumber(string.match(claim, '^%d+')) then
      call('ZREM', LEASES, claim)
      call('HDEL', base .. 'claims', claim)
      call('HDEL', base .. 'over', claim)
    end
  end
  if goes then
    local fields = {}
    for nth = 1, size do fields[2 * nth - 1], fields[2 * nth] = ids[nth], ends[states[nth]] end
    call('HSET', STATES, unpack(fields))
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
  ${TAKE_PLAIN}
  local answers = {}
  for nth = 1, size do answers[nth] = 1 end
  return { answers, wanted > 0 and claimed or {} }
until true
`;
