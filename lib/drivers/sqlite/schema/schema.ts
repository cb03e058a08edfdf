/** How the states are stored. The numbers stand in the partial indexes: they never change. */
export const STATE = {
  ready: 0,
  scheduled: 1,
  retrying: 2,
  running: 3,
  completed: 4,
  dead: 5,
  cancelled: 6,
  blocked: 7,
} as const;

/** Ready once, and not to be claimed any more: its expiry was over first. Readers see it as ready until it is swept up. */
export const LAPSED = 8;

/**
 * The steps that lead to today's schema, in order; a file's version is how many it has taken. Steps only add, so
 * that processes of the version before go on working during a deploy. All tables begin with `jobs_`: the file may
 * be the application's own.
 *
 * A lane is a queue and a name: ready jobs are indexed by lane, so that jobs nobody here knows are never walked
 * past. AUTOINCREMENT, since a `seq` used twice would let an old cursor or claim meet a stranger.
 *
 * Among the ready jobs of a lane, `rank` and `place` say who is next: priority and time, where no other order was asked
 * for. A key that is held for a time is in `jobs_hold`, since neither job nor record need be there any more.
 *
 * A job with a group has `grp` until it ends, and stands in an index of its own: the claims of other jobs never meet it.
 * `jobs_line` has the groups that a claim can take from, lane by lane; who knows none of the names in it walks past nobody.
 *
 * `jobs_edge` has a row for each job that another waits for, `due_in` the delay that begins when that one is free.
 *
 * A running job names its runner by a number: an id in each claimed row would have rows grow by half, and pages split.
 *
 * A job is two rows of one `seq`: in `jobs_content` what never changes, in `jobs_job` what each step of its life
 * rewrites. A commit writes whole pages, so the rows that change are kept small: ten times as many share a page. Each
 * step also reads and writes every column of its row. So what happens to few jobs is noted in a third row, in `jobs_note`, and
 * `jobs_job` is not strict, which would have every column checked each time; its policy has no type, or the text of a
 * number would become one. The payload comes late in its row, since what stands behind a long one is far to reach.
 */
export const MIGRATIONS: readonly string[] = [
  `
  create table jobs_lane (
    id integer primary key,
    queue text not null,
    name text not null,
    unique (queue, name)
  ) strict;

  create table jobs_queue (
    name text primary key,
    completed integer not null default 0,
    failed integer not null default 0,
    since integer not null,
    paused_at integer,
    pause_reason text,
    limits text,
    starts text,
    turn integer not null default 0,
    turns integer not null default 0,
    has_groups integer not null default 0
  ) strict, without rowid;

  create table jobs_recent (
    size integer not null,
    start integer not null,
    queue text not null,
    completed integer not null,
    failed integer not null,
    primary key (size, start, queue)
  ) strict, without rowid;

  create table jobs_group (
    id integer primary key autoincrement,
    queue text not null,
    name text not null,
    turn integer not null,
    starts text,
    paused_at integer,
    pause_reason text,
    look_at integer,
    unique (queue, name)
  ) strict;
  create index jobs_looked_at on jobs_group (queue, look_at) where look_at is not null;

  create table jobs_line (
    grp integer not null,
    lane integer not null,
    turn integer not null,
    primary key (grp, lane)
  ) strict, without rowid;
  create index jobs_turns on jobs_line (lane, turn);

  create table jobs_policy (id integer primary key, policy text not null unique) strict;

  create table jobs_content (
    seq integer primary key autoincrement,
    id text not null unique,
    unique_name text,
    unique_while integer,
    ordering integer,
    payload text not null,
    meta text,
    group_name text,
    flow text
  ) strict;
  create index jobs_group_names on jobs_content (group_name) where group_name is not null;
  create index jobs_flows on jobs_content (flow) where flow is not null;

  create table jobs_job (
    seq integer primary key,
    lane integer not null,
    policy not null,
    state integer not null,
    rank integer not null,
    place integer not null,
    priority integer not null,
    run_at integer not null,
    enqueued_at integer not null,
    token integer not null default 0,
    attempt integer not null default 0,
    stalls integer not null default 0,
    lease_until integer,
    runner integer,
    started_at integer,
    ended_at integer,
    prune_at integer,
    unique_key text,
    result text,
    expires_at integer,
    grp integer,
    due_in integer,
    edges integer
  );

  create table jobs_note (
    seq integer primary key,
    stalled_at integer,
    lost_tokens text,
    failures text,
    reason text,
    cancel_reason text,
    progress text
  ) strict;

  create index jobs_ready on jobs_job (lane, rank, place, run_at) where state = 0 and grp is null;
  create index jobs_grouped on jobs_job (grp, state, lane, rank, place, run_at) where grp is not null;
  create index jobs_waiting on jobs_job (run_at, lane, state, grp) where state in (1, 2);
  create index jobs_leased on jobs_job (lease_until, lane) where state = 3;
  create index jobs_ended on jobs_job (prune_at) where prune_at is not null;
  create index jobs_standing on jobs_job (state, lane) where state in (5, 7);
  create index jobs_lapsing on jobs_job (expires_at) where expires_at is not null and state = 0;
  create index jobs_expiring on jobs_job (expires_at, state, lane, run_at) where expires_at is not null;
  create unique index jobs_unique on jobs_job (unique_key) where unique_key is not null;

  create table jobs_edge (
    waiter integer not null,
    position integer not null,
    dependency integer not null,
    id text not null,
    needs text not null,
    ended text,
    result text,
    primary key (waiter, position)
  ) strict, without rowid;
  create index jobs_awaited on jobs_edge (dependency, waiter);
  create index jobs_open on jobs_edge (waiter) where ended is null;

  create table jobs_hold (key text primary key, id text not null, until integer not null) strict, without rowid;
  create index jobs_held on jobs_hold (until);

  create table jobs_runner (
    number integer primary key,
    id text not null unique,
    info text,
    beat_at integer,
    until integer not null
  ) strict;

  create table jobs_schedule (
    key text primary key,
    declared text not null,
    timing text not null,
    next_at integer not null,
    watermark integer,
    last_job text
  ) strict, without rowid;

  create table jobs_pulse (kind text primary key, beats integer not null) strict, without rowid;
  insert into jobs_pulse values ('cancel', 0), ('schedule', 0);
  `,
];
