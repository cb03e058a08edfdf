import { withRecords } from '../layout/records.lua.js';

/** No claim that comes after it takes from the group. */
export const PAUSE_GROUP = withRecords(`
local queue, group, reason = nextArg(), nextArg(), nextArg()
govern(queue)
local g = turnsOf(queue, group)
stand(g, nil)
call('HSET', g.key, 'paused', NOW .. reason)
call('HSETNX', base .. 'queues', queue, now)
return 1
`);

/** The group goes on with the turn it had. Tells all lanes, since those of one queue are not known here. */
export const RESUME_GROUP = withRecords(`
local g = turnsOf(nextArg(), nextArg())
if call('HDEL', g.key, 'paused') == 0 then return 0 end
if call('EXISTS', g.lines) == 1 then stand(g, 'o') end
forgetIdle(g)
redis.pcall('PUBLISH', base .. 'news', ARGV[3] .. ' ready ')
return 1
`);

/**
 * Bounds a queue, or lets go of it. Groups that were held back are looked at again by the next claim; those that are
 * too many now are found when their turn comes.
 */
export const LIMIT = withRecords(`
local queue, limits = nextArg(), nextArg()
if limits == '' then
  if not limitsOf(queue) then return 0 end
  limits = '- - - - - -'
end
govern(queue)
call('HSET', base .. 'governed', queue, limits)
call('HSETNX', base .. 'queues', queue, now)
local later = base .. 'later:' .. queue
if call('EXISTS', later) == 1 then call('ZUNIONSTORE', later, 1, later, 'WEIGHTS', 0) end
redis.pcall('PUBLISH', base .. 'news', ARGV[3] .. ' ready ')
return 1
`);

/** Waiting, running, when its rate lets it start again or 0, and since when and why it is paused; nothing, if nothing is. */
export const GROUP = withRecords(`
local queue = nextArg()
local g, limits = turnsOf(queue, nextArg()), limitsOf(queue)
local living = tonumber(call('HGET', g.key, 'living') or 0)
local running, paused, again = call('SCARD', g.started), call('HGET', g.key, 'paused'), 0
if living == 0 and not paused then return {} end
if limits and limits.groupStarts then
  again = nextStartAt(call('HGET', g.key, 'starts'), limits.groupStarts, limits.groupPer)
  if again <= now then again = 0 end
end
return { living - running, running, again, paused }
`);
