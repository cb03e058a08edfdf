/**
 * Takes jobs of a governed queue, one of each group in turn, as far as limits allow. Returns their ids, and when
 * to look again: now, where more could start at once; nothing, where an end or an operator must make room first, which is
 * news.
 *
 * Safe under rivals: what runs is counted in the step that lets more run. Who cannot start is passed by once, and then
 * stands apart, so that the cost grows with what is taken. What is met of groups to be moved in one call is bounded.
 */
export const CLAIM_IN_TURN = `
local function letGoOn(queue)
  local some = call('ZRANGE', base .. 'later:' .. queue, '-inf', now, 'BYSCORE', 'LIMIT', 0, CHUNK)
  for _, name in ipairs(some) do
    local g = turnsOf(queue, name)
    local canStart = call('EXISTS', g.lines) == 1 and call('HEXISTS', g.key, 'paused') == 0
    stand(g, canStart and 'o' or nil)
    if not canStart then forgetIdle(g) end
  end
  return #some == CHUNK
end

-- Until when its limits hold a group back.
local function heldUntil(g, limits)
  if limits.groupMost and call('SCARD', g.started) >= limits.groupMost then return FULL end
  if not limits.groupStarts then return nil end
  local starts = call('HGET', g.key, 'starts')
  if startsLeft(starts, limits.groupStarts, limits.groupPer) > 0 then return nil end
  return nextStartAt(starts, limits.groupStarts, limits.groupPer)
end

-- The one of these lanes whose first job of the group goes first.
local function firstLane(g, lanes)
  if #lanes == 1 then return lanes[1] end
  local lane, place
  for _, one in ipairs(lanes) do
    local first = call('ZRANGE', lineOf(one, g), 0, 0)[1]
    if not first then
      dropLine(one, g)
    elseif not place or sub(first, 1, 20) < place then
      lane, place = one, sub(first, 1, 20)
    end
  end
  return lane
end

-- The first job of a group in the lanes, of those given, after which it stands behind all others; nil for one that nobody
-- took in time, which takes no turn. Its place in \`gready\` is for the caller to take away.
local function takeOf(g, lanes, limits, passed, several)
  local lane = firstLane(g, lanes)
  local member = lane and call('ZPOPMIN', lineOf(lane, g))[1]
  if lane and call('EXISTS', lineOf(lane, g)) == 0 then dropLine(lane, g) end
  if not member then return nil end
  local id, own = sub(member, 21), passed[lane] or {}
  passed[lane], own[#own + 1] = own, id
  if mayExpire and hasExpired(id, { more = '2' }) then
    setAside(id)
    return nil
  end
  groupsOf[id] = g.name
  call('SADD', g.started, id)
  if limits.groupStarts then
    call('HSET', g.key, 'starts', withStarts(call('HGET', g.key, 'starts'), limits.groupPer, 1))
  end
  local left = call('SMEMBERS', g.lines)
  if #left > 0 then standWith(g, left, nextTurn(g.queue, several)) end
  return id
end

local function takePlain(lanes, limit, ids)
  local taken = takeFirst(lanes, limit)
  for _, id in ipairs(taken) do
    local state = mayExpire and call('HGET', STATES, id)
    if state and hasExpired(id, { more = sub(state, 2, 2) }) then
      leaveOrdered(id, sub(state, 28, 34))
      setAside(id)
    else
      ids[#ids + 1] = id
    end
  end
  return #taken
end

local function takeInTurn(queue, limits, limit, lanes)
  local governor = base .. 'governor:' .. queue
  local isMoving = letGoOn(queue)
  local starts, room = limits.starts and call('HGET', governor, 'starts'), math.huge
  if limits.most then room = limits.most - call('SCARD', base .. 'running:' .. queue) end
  if limits.starts then room = math.min(room, startsLeft(starts, limits.starts, limits.per)) end
  local ids, passed, heads, read, most = {}, {}, {}, {}, math.min(limit, room)

  -- When the rate of the queue lets go on, where that is what holds it.
  local function letsGoOnAt()
    local at = limits.starts and nextStartAt(starts, limits.starts, limits.per)
    return at and at > now and at or nil
  end

  -- Several are read at once: whoever was met stands behind all of those, or not there any more. If not, all is read anew.
  local function look(nth, isAnew)
    local some = read[nth]
    if isAnew or some.at >= #some then
      some = call('ZRANGE', base .. 'turns:' .. lanes[nth], 0, math.ceil(most / #lanes), 'WITHSCORES')
      some.at, read[nth] = 0, some
    end
    heads[nth] = some[some.at + 1] and { name = some[some.at + 1], turn = tonumber(some[some.at + 2]) } or false
    some.at = some.at + 2
  end

  -- Jobs without a group are one group more. Their turn is given when a claim first sees them.
  local function plainTurn(isNew)
    if not hasJobs(lanes) then
      -- Those of other names, which this caller does not see, keep their turn until one of them all has started.
      if isNew then call('HDEL', governor, 'plain') end
      return nil
    end
    local turn = not isNew and call('HGET', governor, 'plain') or nextTurn(queue)
    call('HSET', governor, 'plain', turn)
    return tonumber(turn)
  end

  if room <= 0 then return ids, letsGoOnAt() end
  for nth = 1, #lanes do look(nth, true) end
  local plain, walked, isMore = plainTurn(), 0, isMoving
  while walked < 2 * CHUNK do
    local best
    for nth = 1, #lanes do
      if heads[nth] and (not best or heads[nth].turn < best.turn) then best = heads[nth] end
    end
    local isPlain = plain and (not best or plain < best.turn)
    if not isPlain and not best then break end
    if isPlain then
      if #ids >= most then isMore = true break end
      walked = walked + takePlain(lanes, best and 1 or most - #ids, ids)
      plain = plainTurn(true)
    else
      local g, own = turnsOf(queue, best.name), {}
      for nth = 1, #lanes do
        if heads[nth] and heads[nth].name == g.name then own[#own + 1] = nth end
      end
      local held, isMoved = heldUntil(g, limits), true
      if held then
        stand(g, 'l', held)
      elseif #ids >= most then
        isMore = true
        break
      else
        local names = {}
        for nth, index in ipairs(own) do names[nth] = lanes[index] end
        local id = takeOf(g, names, limits, passed, most - #ids)
        ids[#ids + 1], isMoved = id, id ~= nil
      end
      for _, nth in ipairs(own) do look(nth, not isMoved) end
      walked = walked + 1
    end
  end
  for lane, some in pairs(passed) do call('ZREM', base .. 'gready:' .. lane, unpack(some)) end
  if walked >= 2 * CHUNK then isMore = true end
  if limits.starts and #ids > 0 then
    starts = withStarts(starts, limits.per, #ids)
    call('HSET', governor, 'starts', starts)
  end
  if isMore and #ids < room then return ids, now end
  local first = call('ZRANGE', base .. 'later:' .. queue, 0, 0, 'WITHSCORES')[2]
  local at = first and tonumber(first) < FULL and tonumber(first) or nil
  local own = #ids >= room and letsGoOnAt() or nil
  if at and own then return ids, math.min(at, own) end
  return ids, at or own
end
`;
