/** The last digits of a place, three for each of a thousand: to cut them out costs less than to print a number. */
const DIGITS = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0')).join('');

/** Notes that `ids` came in this order, `first` being the number of the first. A text, since a function costs: see below. */
export const ARRIVE = `
  local from = 1
  while from <= #ids do
    local number = math.floor((first + from - 1) / CHUNK)
    local to = math.min(#ids, (number + 1) * CHUNK - first)
    local some = from == 1 and to == #ids and ids or { unpack(ids, from, to) }
    call('RPUSH', base .. 'arrivals:' .. number, pack(some))
    if call('HINCRBY', base .. 'alive', number, #some) == #some then call('ZADD', base .. 'buckets', number, number) end
    from = to + 1
  end
`;

/**
 * What most pushes are, before anything else is even defined: a function that is not called costs a script as much as a
 * command. One run of new jobs for a line; whatever is more than that has not written anything when it leaves here.
 */
export const PUSH_PLAIN = `
repeat
  local lane, priority, kind, delay, unique, queue, size = unpack(ARGV, 5, 11)
  size = tonumber(size)
  if ARGV[4] ~= '1' or size > CHUNK or unique ~= '0' or priority ~= '2147483648' then break end
  if kind == 'in' and delay ~= '0' or kind == 'at' and tonumber(delay) > now then break end
  if call('HEXISTS', base .. 'ghosts', lane) == 1 then break end
  local ids, fields, isNew = {}, {}, true
  for nth = 1, size do ids[nth] = ARGV[10 + 2 * nth] end
  for _, known in ipairs(call('HMGET', JOBS, unpack(ids))) do
    if known then isNew = false break end
  end
  if not isNew then break end
  local first = call('INCRBY', base .. 'arrived', size) - size
  local head, tail = format('%s%016d', priority, now), lane .. '1' .. NOW .. '0'
  local bucket, at = math.floor(first / CHUNK), first % CHUNK
  local high = format('%010d', bucket)
  for nth = 1, size do
    if at == CHUNK then
      bucket, at = bucket + 1, 0
      high = format('%010d', bucket)
    end
    fields[2 * nth - 1] = ids[nth]
    fields[2 * nth] = head .. high .. sub('${DIGITS}', 3 * at + 1, 3 * at + 3) .. tail .. ARGV[11 + 2 * nth]
    at = at + 1
  end
  -- An id that is there twice is rare enough to be taken back.
  if call('HSET', JOBS, unpack(fields)) < size then
    call('HDEL', JOBS, unpack(ids))
    break
  end
  ${ARRIVE}
  call('RPUSH', base .. 'line:' .. lane, unpack(ids))
  if queue ~= '' then call('HSETNX', base .. 'queues', queue, now) end
  redis.pcall('PUBLISH', base .. 'news', ARGV[3] .. ' ready ' .. lane)
  return {}
until true
`;
