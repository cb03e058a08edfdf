/**
 * What most claims are, before anything else is even defined: a function that is not called costs a script as much as a
 * command. No queue that is asked for is bounded, and each has jobs in one line without ghosts and none elsewhere. Whatever
 * is more than that leaves here, by `break`. Reads from `at` on.
 */
export const LOOK_FOR_PLAIN = `
  local length, runner, name, wanted = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 4] or 0)
  local nextDue = wanted > 0 and tonumber(call('ZRANGE', base .. 'due', 0, 0, 'WITHSCORES')[2])
  if nextDue and nextDue <= now then break end
  local isSpecial = wanted > 0 and call('EXISTS', base .. 'paused', base .. 'governed', base .. 'ghosts') > 0
  local lines, limits, others, place, isPlain = {}, {}, {}, at + 5, true
  for nth = 1, wanted do
    local queue, total = ARGV[place], tonumber(ARGV[place + 2])
    limits[nth], lines[nth] = ARGV[place + 1], false
    if total + #others > CHUNK or isSpecial and call('HEXISTS', base .. 'governed', queue) == 1 then isPlain = false end
    if isPlain and not (isSpecial and call('HEXISTS', base .. 'paused', queue) == 1) then
      for of = 1, total do
        local lane = ARGV[place + 2 + of]
        others[#others + 1] = base .. 'ready:' .. lane
        if total == 1 or call('EXISTS', base .. 'line:' .. lane) == 1 then
          isPlain = isPlain and not lines[nth] and not (isSpecial and call('HEXISTS', base .. 'ghosts', lane) == 1)
          lines[nth] = lane
        end
      end
    end
    if not isPlain then break end
    place = place + 3 + total
  end
  if not isPlain or #others > 0 and call('EXISTS', unpack(others)) > 0 then break end
`;

/** Takes what was looked for. */
export const TAKE_PLAIN = `
  local fresh, last, soonest = {}, 0, nextDue
  for nth = 1, wanted do
    local lane, limit = lines[nth], limits[nth]
    local ids = lane and call('LPOP', base .. 'line:' .. lane, limit)
    if ids then
      local size, bodies, fields, texts = #ids, call('HMGET', JOBS, unpack(ids)), {}, {}
      local own = ':' .. NOW .. ':' .. ARGV[3] .. ':' .. name .. ':' .. nth
      local claim, held = size .. own, pack(runner, ids)
      while call('HSETNX', base .. 'claims', claim, held) == 0 do claim = claim .. '+' end
      call('ZADD', LEASES, format('%d', now + tonumber(length)), claim)
      for of = 1, size do
        local id, body = ids[of], bodies[of]
        local bucket = sub(body, 27, 36)
        local text = texts[bucket]
        if not text then
          text = '3-' .. bucket .. lane .. claim
          texts[bucket] = text
        end
        fields[2 * of - 1], fields[2 * of] = id, text
        fresh[last + 1], fresh[last + 2] = id, body
        last = last + 2
      end
      call('HSET', STATES, unpack(fields))
      if size == tonumber(limit) and call('EXISTS', base .. 'line:' .. lane) == 1 then soonest = now end
    end
  end
  local claimed = { soonest and math.max(0, soonest - now) or -1, fresh }
`;

export const POP_PLAIN = `
repeat
  ${LOOK_FOR_PLAIN}
  ${TAKE_PLAIN}
  return { 0, claimed }
until true
`;
