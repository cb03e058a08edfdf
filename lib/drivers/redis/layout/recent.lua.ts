/** Milliseconds: how long one step is, and how far back all of them reach. */
export const RECENT_UNITS = {
  hour: [300_000, 3_600_000],
  day: [3_600_000, 86_400_000],
  month: [86_400_000, 30 * 86_400_000],
} as const;

const UNITS = Object.entries(RECENT_UNITS).map(
  ([unit, [step, span]]) => `{ '${unit}', ${step}, ${step + span} }`,
);

/** Writes down the ends in `counts`. A text, for scripts that would pay for a function: see `plain-claiming.lua.ts`. */
export const COUNT_ENDS = `
  for what, lanes in pairs(counts) do
    for lane, number in pairs(lanes) do
      call('HINCRBY', base .. what, lane, number)
      for _, unit in ipairs({ ${UNITS.join(', ')} }) do
        local step = math.floor(now / unit[2])
        local key = 'recent:' .. unit[1] .. ':' .. format('%d', step)
        if call('HINCRBY', base .. key, what .. ':' .. lane, number) == number then
          call('ZADD', base .. 'steps', step * unit[2] + unit[3], key)
        end
      end
    end
  end
`;

/** Counts ends, in all and by steps of time: once for each lane and script, not for each job. */
export const RECENT = `
local counts = { completed = {}, failed = {} }
local function count(what, lane, number)
  counts[what][lane] = (counts[what][lane] or 0) + (number or 1)
end

local function countEnds() ${COUNT_ENDS} end
`;

/** Deletes steps of time that are over. */
export const DROP_STEPS = `
for _, key in ipairs(call('ZRANGE', base .. 'steps', '-inf', now, 'BYSCORE', 'LIMIT', 0, CHUNK)) do
  call('DEL', base .. key)
  call('ZREM', base .. 'steps', key)
end
`;
