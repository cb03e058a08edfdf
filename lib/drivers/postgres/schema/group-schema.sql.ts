/** Characters: a hundred groups or so. What a transaction remembers is read again for each job that it changes. */
const LONGEST_MEMORY = 1500;

export const ANY_LANE = 0;
/** Groups of one note: so many more than it wants to is the most that a claim looks at. */
const MOST_IN_NOTE = 1000;
/** Notes of some jobs, the rows of `from` with their `seq`, `lane` and `grp`; groups in the order of their first jobs. */
export const notesOf = (from: string) => `
  insert into jobs.note (queue, unless_in, groups)
  select queue, lane, array_agg(id order by nth) from (
    select g.queue, x.lane, g.id, row_number() over (partition by g.queue, x.lane order by min(x.seq)) as nth
    from ${from} x join jobs.job_group g on g.id = x.grp group by g.queue, x.lane, g.id) n
  group by queue, lane, (nth - 1) / ${MOST_IN_NOTE}
  order by min(nth)`;

/**
 * Groups of queues, for queues whose claims go one after another: see GovernedClaiming.
 *
 * `line` has the groups that a claim can take from, lane by lane, with the number of their turn; who knows none of the names
 * in it walks past nobody. Only claims write it, and they hold the row of the queue while they do. Everybody else leaves a
 * note, so that nobody waits for anybody: whatever changes a job of a group does, by the triggers, and whatever adds some. The
 * next claim looks at the groups of the notes. One note does for all that a transaction does to a group, as long as it
 * remembers that it left one: nobody can take it before the commit. `look_at` is when it has to look at a group because of
 * the time alone.
 *
 * A note says nothing new of groups that stand in line `unless_in` that lane, or in any where it is ANY_LANE: more jobs, or
 * an end that makes room, cannot put out of line who stands there.
 */
export const GROUP_TABLES = `
  create table jobs.job_group (
    id integer generated always as identity primary key,
    key uuid not null unique,
    queue uuid not null,
    asked_at bigint not null,
    look_at bigint,
    paused_at bigint,
    name text not null,
    pause_reason text,
    starts text
  ) with (fillfactor = 50);
  create index job_group_queue on jobs.job_group (queue, look_at);

  create table jobs.line (
    grp integer not null,
    lane integer not null,
    turn bigint not null,
    primary key (grp, lane)
  ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
  create index line_turn on jobs.line (lane, turn);

  create table jobs.note (
    seq bigint generated always as identity primary key,
    queue uuid not null,
    unless_in integer,
    groups integer[] not null
  ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
  create index note_queue on jobs.note (queue, seq);

  create function jobs.note_1() returns trigger language plpgsql as $note$
  declare
    changed integer;
    is_end boolean := tg_op = 'DELETE' and old.state = 3;
    mark text;
    noted text;
  begin
    foreach changed in array array[old.grp] || case when tg_op = 'UPDATE' and new.grp <> old.grp then new.grp end loop
      mark := ',' || tg_relid || ':' || changed || case when is_end then 'e,' else ',' end;
      noted := coalesce(current_setting('background_jobs.noted', true), '');
      if changed is not null and position(mark in noted) = 0 then
        insert into jobs.note (queue, unless_in, groups)
        select g.queue, case when is_end then ${ANY_LANE} end, array[g.id] from jobs.job_group g where g.id = changed;
        perform set_config('background_jobs.noted', case when length(noted) < ${LONGEST_MEMORY} then noted else '' end || mark, true);
      end if;
    end loop;
    return null;
  end
  $note$;
  create trigger note_changed after update of state, lane, grp on jobs.job
    for each row when (old.grp is not null and (old.state <> new.state or old.lane <> new.lane or old.grp <> new.grp))
    execute function jobs.note_1();
  create trigger note_gone after delete on jobs.job
    for each row when (old.grp is not null) execute function jobs.note_1();
`;
