/** Where a job stands among others: by its place, or by its order. */
export const PLACES = `
local function dueOf(place) return tonumber(sub(place, 11, 26)) end

-- Before all that are due at any time, the newest first; or as if of priority 0 and due later.
local function memberOf(id, job)
  local text = job.more == '2' and call('HGET', base .. 'places', id)
  local order = text and sub(text, 14, 14) or '0'
  local place = job.place
  if order == '1' then
    return sub(place, 1, 10) .. '0000000000000000' .. format('%013d', 9999999999999 - tonumber(sub(place, 27, 39))) .. id
  elseif order == '2' then
    local due = dueOf(place) + (tonumber(sub(place, 1, 10)) - 2147483648) * tonumber(sub(text, 15))
    -- No further than whole numbers reach.
    due = math.max(1, math.min(9007199254740991, math.floor(due)))
    return '2147483648' .. format('%016d', due) .. sub(place, 27, 39) .. id
  end
  return place .. id
end

local function hasOrder(id, job)
  local text = job.more == '2' and call('HGET', base .. 'places', id)
  return text and sub(text, 14, 14) ~= '0'
end

local function expiryOf(id)
  local text = call('HGET', base .. 'places', id)
  return text and tonumber(sub(text, 1, 13)) or 0
end

local function hasExpired(id, job)
  local expiry = job.more == '2' and expiryOf(id) or 0
  return expiry > 0 and expiry <= now
end

-- What nobody took in time stands in no line and no claim's way, until the sweep ends it.
local function setAside(id)
  call('ZREM', base .. 'expiries', id)
  call('ZADD', base .. 'expired', now, id)
end

local function dropExpiry(id)
  if expiryOf(id) == 0 then return end
  call('ZREM', base .. 'expiries', id)
  call('ZREM', base .. 'expired', id)
  call('HSET', base .. 'places', id, ZERO13 .. sub(call('HGET', base .. 'places', id), 14))
end
`;
