import { STATE_TEXTS } from './states.lua.js';

/** A claim goes with the last of its runs. A text, for scripts that would pay for a function: see `plain-claiming.lua.ts`. */
export const DROP_CLAIMS = `
  for claim, count in pairs(ceased) do
    local size = tonumber(string.match(claim, '^%d+'))
    if count < size then
      count = call('HINCRBY', base .. 'over', claim, count)
      if count >= size then call('HDEL', base .. 'over', claim) end
    end
    if count >= size then
      call('ZREM', LEASES, claim)
      call('HDEL', base .. 'claims', claim)
    end
  end
`;

/**
 * Leases are held by claims: all jobs of one queue that one call took have one lease, for they were taken in the same moment and
 * their runner beats for all of them. A running job's state names its claim, whose name begins with how many it took, and when. A
 * beat for some of them only moves those to a claim of their own, so that each lease ends when it should.
 *
 * | key | holds |
 * |---|---|
 * | `leases` | claims, by the end of their lease |
 * | `claims` | claim → runner and ids, packed. Some of those may not run under it any more |
 * | `over` | claim → how many do not, where it is some and not all |
 */
export const LEASING = `
local ceased = {}

local function sizeOf(claim) return tonumber(string.match(claim, '^%d+')) end
local function startOf(claim) return string.match(claim, '^%d+:(%d+)') end
${STATE_TEXTS}
-- Of a job that does not run under it any more.
local function cease(claim, number) ceased[claim] = (ceased[claim] or 0) + (number or 1) end

local function dropClaims()
  ${DROP_CLAIMS}
  ceased = {}
end

-- Returns its name. What a client sends twice after a lost connection must not take over what the first call opened.
local function openClaim(name, started, runner, ids, over)
  local claim, text = #ids .. ':' .. started .. ':' .. name, pack(runner, ids)
  while call('HSETNX', base .. 'claims', claim, text) == 0 do claim = claim .. '+' end
  call('ZADD', LEASES, over, claim)
  return claim
end

-- Who holds it, and for whom it was opened.
local function claimed(claim)
  local text = call('HGET', base .. 'claims', claim)
  if not text then return nil, {} end
  return unpacked(text)
end

-- Those that run under a claim, and their states.
local function runningOf(claim)
  local _, ids = claimed(claim)
  local running, own = {}, {}
  for start = 1, #ids, CHUNK do
    local states = call('HMGET', STATES, unpack(ids, start, math.min(#ids, start + CHUNK - 1)))
    for nth, state in ipairs(states) do
      if state and sub(state, 1, 1) == '3' and claimOf(state) == claim then
        running[#running + 1], own[#own + 1] = ids[start + nth - 1], state
      end
    end
  end
  return running, own
end
`;
