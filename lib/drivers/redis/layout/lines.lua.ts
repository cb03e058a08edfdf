/**
 * Lines: plain lists of the jobs that most queues have none but of: of the usual priority, due when they were pushed,
 * without unique key, order, expiry or group. They stand in the order they came in, which is that of the port as long as
 * the server's clock is not set back.
 *
 * A job in a line has no state: its first claim, or whatever else happens to it, takes it out. Taken out from between
 * others it leaves its id behind, as a ghost. `ghosts` (lane → how many) says when to look for them, and a line that has
 * any takes no more jobs, so that no id stands in it twice. The first of a line is never one.
 */
export const LINES = `
local PLAIN = '2147483648'

local function isLined(body, state) return body and not state and sub(body, 47, 47) == '1' end

local function ghostsOf(lane) return tonumber(call('HGET', base .. 'ghosts', lane) or 0) end

local function addGhosts(lane, number)
  if number == 0 then return end
  -- A write that frees is never refused, and nor are those after it.
  call('HDEL', base .. 'ghosts', '')
  if call('HINCRBY', base .. 'ghosts', lane, number) == 0 then call('HDEL', base .. 'ghosts', lane) end
end

local function trimLine(lane, ghosts)
  local line, dropped = base .. 'line:' .. lane, 0
  while ghosts > dropped do
    local id = call('LINDEX', line, 0)
    if not id or isLined(call('HGET', JOBS, id), call('HGET', STATES, id)) then break end
    call('LPOP', line)
    dropped = dropped + 1
  end
  addGhosts(lane, -dropped)
end

local function leaveLine(id, lane)
  local line = base .. 'line:' .. lane
  if call('LINDEX', line, 0) ~= id then return addGhosts(lane, 1) end
  call('LPOP', line)
  trimLine(lane, ghostsOf(lane))
end

-- Takes up to a number of jobs out of a line.
local function popLine(lane, limit)
  local line = base .. 'line:' .. lane
  local ids, ghosts = call('LPOP', line, limit) or {}, ghostsOf(lane)
  if ghosts == 0 or #ids == 0 then return ids end
  local taken, dropped = {}, 0
  repeat
    local bodies, states = call('HMGET', JOBS, unpack(ids)), call('HMGET', STATES, unpack(ids))
    for nth, id in ipairs(ids) do
      if isLined(bodies[nth], states[nth]) then taken[#taken + 1] = id else dropped = dropped + 1 end
    end
    ids = #taken < limit and call('LPOP', line, limit - #taken) or {}
  until #ids == 0
  addGhosts(lane, -dropped)
  trimLine(lane, ghosts - dropped)
  return taken
end
`;
