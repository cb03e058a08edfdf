/**
 * How states are written. A job that was taken out of its line for the first time, and at most completed since, has a brief
 * one, which is the same for all that were claimed along with it, so that nobody puts a text together for each: what
 * they differ in is still in `jobs`.
 *
 * | state | is |
 * |---|---|
 * | any | state 1, more 1, unique 1, token 8, attempt 8, stalls 8, lane 7, started 13, ended 13, place 39, then claim or when the record may go |
 * | running, brief | `3-`, bucket of arrival 10, lane 7, claim |
 * | completed, brief | `4-`, or `4=` with a result; bucket of arrival 10, lane 7, started 13, ended 13, when the record may go |
 */
export const STATE_TEXTS = `
local FIRST = '00000001' .. ZERO8 .. ZERO8

local function isBrief(text)
  local more = sub(text, 2, 2)
  return more == '-' or more == '='
end

local function laneOf(text) return isBrief(text) and sub(text, 13, 19) or sub(text, 28, 34) end
local function bucketOf(text) return isBrief(text) and sub(text, 3, 12) or sub(text, 87, 96) end
local function claimOf(text) return isBrief(text) and sub(text, 20) or sub(text, 100) end
local function goesAt(text) return tonumber(isBrief(text) and sub(text, 46) or sub(text, 100)) end

-- As all are but the brief ones.
local function fullOf(text, body)
  if not isBrief(text) then return text end
  local isRunning = sub(text, 1, 1) == '3'
  local times = isRunning and startOf(sub(text, 20)) .. ZERO13 or sub(text, 20, 45)
  return sub(text, 1, 1) .. (sub(text, 2, 2) == '=' and '10' or '00') .. FIRST .. sub(text, 13, 19) .. times .. sub(body, 1, 39) .. sub(text, isRunning and 20 or 46)
end
`;
