import { ANY_LANE } from './group-schema.sql.js';
import { PLACE, RANK } from './job-order.sql.js';

/** Groups in the notes of a claim, or a note more: what others left to it must not make it long. */
export const MOST_NOTED = 10_000;
export const LOOKED_AT_ONCE = 100;

// From one lane to the next, however many jobs wait in each: what asks for lanes that have some may read them all.
const NEXT_LANE = `select j.lane from jobs.job j where j.grp = g.id and j.state = 0`;
const READY_LANES = `
  with recursive ready as (
    (${NEXT_LANE} order by j.lane limit 1)
    union all
    select (${NEXT_LANE} and j.lane > ready.lane order by j.lane limit 1) from ready where lane is not null)
  select lane from ready where lane is not null`;

// The first jobs of some lanes.
const firstOf = (condition: string, limit: string) => `
  array(
    select one.seq from unnest(lanes) as l (lane) cross join lateral (
      select job.seq, ${RANK} as rank, ${PLACE} as place from jobs.job
      where job.state = 0 and ${condition} and job.lane = l.lane and (job.expires_at is null or job.expires_at > moment)
      order by ${RANK}, ${PLACE}, job.seq limit ${limit}) one
    order by one.rank, one.place, one.seq limit ${limit})`;

/**
 * What a claim of a governed queue asks the server, in few round trips: what was decided comes as parameters, and what there is
 * to decide on goes back. Functions, since each statement in them sees what was committed until then.
 *
 * `hold_1` holds the queue, takes its notes and tells of the groups to look at; in queues without groups also of the first
 * jobs. `find_1` writes which groups stand in line now, and tells of those whose turns are next: the first row is that of the
 * jobs without a group.
 */
export const GOVERNED_FUNCTIONS = `
  create function jobs.hold_1(wanted uuid, lanes integer[], want integer) returns text language plpgsql volatile as $hold$
  #variable_conflict use_column
  declare
    held record;
    moment bigint;
    note record;
    last_note bigint := 0;
    noted_most integer := 0;
    noted integer[];
    due integer[];
  begin
    select q.limits::json as limits, q.starts, q.turn, q.turns, q.has_groups, q.is_governed, q.paused_at is not null as is_paused
    into held from jobs.queue q where q.key = wanted for no key update;
    if not found then return null; end if;
    moment := jobs.clock_1();
    if held.is_paused then return json_build_object('queue', row_to_json(held), 'now', moment)::text; end if;
    for note in select n.seq, n.groups from jobs.note n where n.queue = wanted order by n.seq loop
      exit when noted_most >= ${MOST_NOTED};
      noted_most := noted_most + cardinality(note.groups);
      last_note := note.seq;
    end loop;
    -- One that was committed since is taken along.
    with taken as (
      delete from jobs.note n where n.queue = wanted and n.seq <= last_note returning n.seq, n.unless_in, n.groups)
    select coalesce(array_agg(x.id order by x.first), '{}') into noted from (
      select e.id, min(array[t.seq, e.place]) as first from taken t cross join unnest(t.groups) with ordinality as e (id, place)
      where t.unless_in is null
        or not exists (select 1 from jobs.line i where i.grp = e.id and t.unless_in in (i.lane, ${ANY_LANE}))
      group by e.id) x;
    due := array(
      select g.id from jobs.job_group g where g.queue = wanted and g.look_at <= moment order by g.look_at limit ${LOOKED_AT_ONCE});
    return json_build_object(
      'queue', row_to_json(held), 'now', moment, 'noted', noted_most, 'due', cardinality(due),
      'running', case when held.limits ->> 'concurrency' is null then 0 else (
        select count(*) from jobs.job j where j.state = 3 and j.lane = any(array(
          select l.id from jobs.lane l where l.queue = (select q.name from jobs.queue q where q.key = wanted)))) end,
      'seqs', case when held.has_groups then null else to_json(${firstOf('job.grp is null', 'want')}) end,
      'groups', (
        select json_agg(json_build_object(
          'id', g.id, 'starts', g.starts, 'is_paused', g.paused_at is not null, 'look_at', g.look_at,
          'running', (select count(*) from (
            select 1 from jobs.job j where j.grp = g.id and j.state = 3
            limit coalesce((held.limits #>> '{groups,concurrency}')::integer, 0)) r),
          'ready', array(${READY_LANES}),
          'lined', array(select i.lane from jobs.line i where i.grp = g.id),
          'turn', (select min(i.turn) from jobs.line i where i.grp = g.id)) order by x.place)
        from unnest(noted || array(select d from unnest(due) d where d <> all(noted))) with ordinality as x (id, place)
        join jobs.job_group g on g.id = x.id))::text;
  end
  $hold$;

  create function jobs.find_1(
    leaving_groups integer[], leaving_lanes integer[], looks json, joining_groups integer[], joining_lanes integer[],
    joining_turns bigint[], wanted uuid, lanes integer[], want integer, moment bigint, most_running integer, has_groups boolean)
  returns table (id integer, turn bigint, starts text, is_paused boolean, running integer, seqs text, next_look bigint)
  language plpgsql volatile as $find$
  #variable_conflict use_column
  begin
    if cardinality(leaving_groups) > 0 then
      delete from jobs.line i using unnest(leaving_groups, leaving_lanes) as x (grp, lane)
      where i.grp = x.grp and i.lane = x.lane;
    end if;
    if looks is not null then
      update jobs.job_group g set look_at = x.at from json_to_recordset(looks) as x(id integer, at bigint) where g.id = x.id;
    end if;
    if cardinality(joining_groups) > 0 then
      insert into jobs.line (grp, lane, turn) select * from unnest(joining_groups, joining_lanes, joining_turns);
    end if;
    return query
      with next as materialized (
        select one.grp, min(one.turn) as turn from unnest(lanes) as l (lane) cross join lateral (
          select i.grp, i.turn from jobs.line i where i.lane = l.lane order by i.turn limit want) one
        where has_groups group by one.grp order by min(one.turn) limit want),
      each as materialized (select ceil(want::numeric / greatest(1, (select count(*) from next)))::integer as most)
      select null::integer, null::bigint, null::text, false, 0, ${firstOf('job.grp is null', 'want')}::text,
        (select g.look_at from jobs.job_group g where g.queue = wanted and g.look_at is not null order by g.look_at limit 1)
      union all
      select g.id, next.turn, g.starts, g.paused_at is not null,
        (select count(*) from (select 1 from jobs.job j where j.grp = g.id and j.state = 3 limit most_running) r)::integer,
        ${firstOf('job.grp = g.id', '(select most from each)')}::text, null
      from next join jobs.job_group g on g.id = next.grp;
  end
  $find$;
`;
