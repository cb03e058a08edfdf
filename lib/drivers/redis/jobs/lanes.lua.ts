/**
 * Looks whether keys are ours or free: names and types in pairs. Returns the first that is not.
 */
export const CHECK_KEYS = `
for nth = 1, #ARGV, 2 do
  local key = KEYS[1] .. ':' .. ARGV[nth]
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'none' and kind ~= ARGV[nth + 1] then return { key, kind } end
end
return {}
`;

/**
 * Makes the data of a new storage, of the version given. Returns the version there is, how many lanes and policies the
 * caller knew rightly, queue and name of each of the other lanes, and the other policies. Of processes that come at
 * once, the first makes it.
 */
export const REFRESH = `
local base, call, version = KEYS[1] .. ':', redis.call, ARGV[1]
local present = call('GET', base .. 'lanes')
if not present then
  call('SET', base .. 'lanes', version)
  present = version
end
local known, policies = 0, 0
if string.sub(present, 1, #ARGV[2]) == ARGV[2] and ARGV[2] ~= '' then
  known, policies = tonumber(ARGV[3]), tonumber(ARGV[4])
end
return { present, known, call('LRANGE', base .. 'lanes:texts', 2 * known, -1),
  call('LRANGE', base .. 'policies', policies, -1) }
`;

/**
 * Numbers lanes and policies that have none, policies up to a number. They are numbered one at a time, and never change or
 * go away: what was read of them stays true as long as the epoch in the version does.
 */
export const REGISTER = `
local base, call = KEYS[1] .. ':', redis.call
local epoch = string.match(call('GET', base .. 'lanes') or '', '^%d+ %S+ ')
if epoch ~= ARGV[1] then return redis.error_reply('STALE lanes') end
local number = call('LLEN', base .. 'lanes:texts') / 2
local after = 2 * tonumber(ARGV[2]) + 4
for nth = 4, after - 1, 2 do
  local queue, name = ARGV[nth], ARGV[nth + 1]
  -- The length first, so that no two pairs make the same field.
  local field = #queue .. ':' .. queue .. name
  if call('HSETNX', base .. 'lanes:numbers', field, number + 1) == 1 then
    number = number + 1
    call('RPUSH', base .. 'lanes:texts', queue, name)
  end
end
local policies = call('LLEN', base .. 'policies')
for nth = after, #ARGV do
  if policies < tonumber(ARGV[3]) and call('HSETNX', base .. 'policies:numbers', ARGV[nth], policies + 1) == 1 then
    policies = call('RPUSH', base .. 'policies', ARGV[nth])
  end
end
call('SET', base .. 'lanes', epoch .. number .. ' ' .. policies)
return 1
`;
