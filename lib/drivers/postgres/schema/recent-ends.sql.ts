const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** In which step of five minutes an end is counted; older ones are added up to hours and days: see COARSEN. */
export const STEP = `now - now % ${5 * MINUTE}`;

const sums = (name: string, step: number, span: number) =>
  ['completed', 'failed'].map(
    (what) =>
      `coalesce(sum(${what}) filter (where step > moment.now - ${span + step}), 0)::bigint as ${name}_${what}`,
  );

/** What ended, by lane: in all, and within the last hour, day and month. */
export const TALLY = `
  select lane, sum(completed)::bigint as completed, sum(failed)::bigint as failed,
    ${[...sums('hour', 5 * MINUTE, HOUR), ...sums('day', HOUR, DAY), ...sums('month', DAY, 30 * DAY)].join(',\n    ')}
  from jobs.tally, (select jobs.clock_1() as now) moment group by lane`;

/**
 * Adds steps up that are too old to be told apart, so that a lane has some 70 rows at most in each shard. One statement: what is taken
 * out of one row is in the other. Rivals find rows gone that another has taken.
 */
export const COARSEN = `
  with taken as (
    delete from jobs.tally using (select jobs.clock_1() as now) moment
    where step > 0 and step <> case
      when step > now - ${HOUR + 5 * MINUTE} then step
      when step > now - ${DAY + HOUR} then step - step % ${HOUR}
      when step > now - ${31 * DAY} then step - step % ${DAY}
      else 0 end
    returning lane, shard, completed, failed, case
      when step > now - ${DAY + HOUR} then step - step % ${HOUR}
      when step > now - ${31 * DAY} then step - step % ${DAY}
      else 0 end as step)
  insert into jobs.tally (lane, shard, step, completed, failed)
  select lane, shard, step, sum(completed), sum(failed) from taken group by lane, shard, step order by lane, shard, step
  on conflict (lane, shard, step) do update
  set completed = tally.completed + excluded.completed, failed = tally.failed + excluded.failed`;
