import { notesOf } from './group-schema.sql.js';

// What all jobs of the batch share comes once.
const numbers = (parameter: string, type: string) => `
            case left(${parameter}, 1) when '' then null when '{' then ${parameter}::${type}[]
              else array_fill(${parameter}::${type}, array[cardinality(all_keys)]) end`;
const texts = (parameter: string) => `string_to_array(nullif(${parameter}, ''), separator, absent)`;

// Columns side by side: a server reads them in half the time that an object for each job takes.
const ASKED = `unnest(all_keys, ${numbers('lanes', 'integer')}, ${numbers('priorities', 'integer')},
            ${numbers('delays', 'bigint')}, ${numbers('ats', 'bigint')}, all_unique_keys,
            ${numbers('unique_whiles', 'smallint')}, ${numbers('holds', 'bigint')}, ${numbers('replaces', 'smallint')},
            ${numbers('expiries', 'bigint')}, ${numbers('ageings', 'bigint')}, ${numbers('edges', 'smallint')},
            ${numbers('groups', 'integer')},
            case when position(separator in policies) > 0 then string_to_array(policies, separator)
              else array_fill(policies, array[cardinality(all_keys)]) end,
            string_to_array(payloads, separator),
            ${['ids', 'metas', 'unique_names', 'flows', 'group_names'].map(texts).join(', ')}) with ordinality
        as x(key, lane, priority, delay, at, unique_key, unique_while, hold, replaced, expiry, ageing, edges, grp,
          policy, payload, id, meta, unique_name, flow, group_name, place)`;

// The rows come in order, and so they are stored.
const ADD = `
        insert into jobs.job (key, id, lane, state, priority, run_at, enqueued_at, policy, payload, meta,
          unique_key, unique_hash, unique_while, unique_name, expires_at, ageing, edges, due_in, grp, flow, group_name)
        select x.key, x.id, x.lane, case when x.edges & 2 = 2 then 7 when due.at > moment then 1 else 0 end, x.priority, due.at, moment,
          x.policy, x.payload, x.meta, x.unique_key, x.unique_key, x.unique_while, x.unique_name,
          moment + x.expiry, x.ageing, x.edges, case when x.edges & 2 = 2 then x.delay end, x.grp, x.flow, x.group_name
        from ${ASKED}
        cross join lateral (select greatest(moment, coalesce(x.at, moment + x.delay)) as at) due`;

// The state in a way that no partial index fits: see claimParts.
const NOTE_GROUPS = `
        if nullif(groups, '') is not null then
          ${notesOf('(select j.seq, j.lane, j.grp from jobs.job j where j.key = any(all_keys) and j.state < 1)')};
        end if;`;

/**
 * The parameters of the function, in order. Numbers and UUIDs come as an array of PostgreSQL, as one value where all jobs have
 * the same, and empty where none has any; texts as a list with marks (see `marksFor`), empty likewise, policies as one where
 * all are the same. `lowest` and `highest` are bounds of the keys.
 */
export const PUSH_PARAMETERS = [
  ...(['separator', 'absent', 'keys', 'lowest', 'highest', 'lanes', 'priorities', 'delays', 'ats'] as const),
  ...(['policies', 'payloads', 'ids', 'metas', 'unique_keys', 'unique_whiles', 'unique_names'] as const),
  ...(['holds', 'replaces', 'expiries', 'ageings', 'edges', 'groups', 'flows', 'group_names'] as const),
] as const;

export type PushParameter = (typeof PUSH_PARAMETERS)[number];

/**
 * Stores a batch in one call. Gives back only the jobs it did not store: their place in the batch, from 0, and the id
 * of the job that is there.
 *
 * A function, since each statement in it sees what was committed until then: an insert that waited for another
 * transaction must look again at who has the id or the unique key now. The indexes decide who is first. A job of the
 * same id that has ended is looked for after the insert, never before: between a look and an insert it could end.
 *
 * An insert that minds conflicts costs a third more. So jobs without unique keys, of which hardly any is there already,
 * are inserted plainly first; should one be there, that leaves nothing, and they are inserted with care.
 */
export const PUSH_FUNCTION = `
  create function jobs.push_1(${PUSH_PARAMETERS.map((parameter) => `${parameter} text`).join(', ')})
  returns table (place integer, present text, replaced_in integer)
  language plpgsql volatile set enable_seqscan to off as $push$
  declare
    all_keys uuid[] := keys::uuid[];
    all_unique_keys uuid[] := ${numbers('unique_keys', 'uuid')};
    moment bigint := jobs.clock_1();
    stored uuid[] := '{}';
    ended uuid[];
    wanted bigint[];
    given bigint[] := '{}';
    lanes_of_given integer[] := '{}';
    giver record;
    taker integer;
  begin
    if all_unique_keys is null then
      begin
        ${ADD};
        stored := all_keys;
      exception when unique_violation then
        -- What was inserted is gone again.
      end;
    elsif exists (select 1 from jobs.hold h where h.unique_key = any(all_unique_keys)) then
      with over as (
        delete from jobs.hold h where h.unique_key = any(all_unique_keys) and h.until <= moment returning h.unique_key)
      update jobs.job j set unique_key = null from over where j.unique_key = over.unique_key and j.unique_while = 3;
    end if;

    for round in 1..10 loop
      if stored is distinct from all_keys then
        with added as (${ADD}
        where (wanted is null or x.place = any(wanted))
          -- Until it is deleted again it would hold its unique key, against others of the batch.
          and not exists (select 1 from jobs.ended_job e where e.key = x.key)
          and not exists (select 1 from jobs.hold h where h.unique_key = x.unique_key and h.until > moment)
        on conflict do nothing
        returning job.key)
        select stored || coalesce(array_agg(added.key), '{}') into stored from added;
      end if;

      -- Whoever holds a key for a time may have come and ended between the two.
      if all_unique_keys is not null then
        with met as (
          delete from jobs.job j using jobs.hold h
          where j.key = any(stored) and h.unique_key = j.unique_key and h.until > moment
            and h.holder <> coalesce(j.id, j.key::text)
          returning j.key)
        select array(select s from unnest(stored) s where s not in (select met.key from met)) into stored;
        insert into jobs.hold (unique_key, until, holder)
        select x.unique_key, moment + x.hold, coalesce(x.id, x.key::text)
        from ${ASKED} join jobs.job j on j.key = x.key and j.unique_key = x.unique_key
          -- The same job may stand in the batch twice, and have been stored with a key that is held otherwise.
          and j.unique_while = x.unique_while
        where x.hold is not null and x.key = any(stored)
        on conflict do nothing;
      end if;

      if cardinality(stored) = cardinality(all_keys)
        -- Ids of new jobs lie close together: mostly one look tells of them all.
        and (not exists (select 1 from jobs.ended_job e where e.key >= lowest::uuid and e.key <= highest::uuid)
          or not exists (select 1 from jobs.ended_job e where e.key = any(all_keys))) then${NOTE_GROUPS}
        return;
      end if;

      ended := array(select e.key from jobs.ended_job e where e.key = any(stored));
      if cardinality(ended) > 0 then
        delete from jobs.job j where j.key = any(ended);
        stored := array(select s from unnest(stored) s where s <> all(ended));
      end if;

      if nullif(replaces, '') is not null then
        for giver in
          select x.* from ${ASKED}
          where x.replaced is not null and x.place <> all(given)
            and not exists (select 1 from jobs.job j where j.key = x.key)
            and not exists (select 1 from jobs.ended_job e where e.key = x.key)
          order by x.place
        loop
          update jobs.job j
          set payload = case when giver.replaced & 1 = 1 then giver.payload else j.payload end,
            policy = case when giver.replaced & 1 = 1 then giver.policy else j.policy end,
            meta = case when giver.replaced & 1 = 1 then giver.meta else j.meta end,
            run_at = case when giver.replaced & 2 = 2 then due.at else j.run_at end,
            state = case when giver.replaced & 2 = 0 then j.state when due.at > moment then 1 else 0 end
          from (select greatest(moment, coalesce(giver.at, moment + giver.delay)) as at) due
          -- What nobody took in time would never run, whatever it took over.
          where j.unique_key = giver.unique_key and j.state in (0, 1, 2)
            and (j.expires_at is null or j.expires_at > moment)
          returning j.lane into taker;
          if found then
            given := given || giver.place;
            lanes_of_given := lanes_of_given || taker;
          end if;
        end loop;
      end if;

      -- Whoever was met may be gone by now: then the place is free, and is tried for again.
      wanted := array(
        select x.place from ${ASKED}
        where x.key <> all(stored)
          and not exists (select 1 from jobs.job j where j.key = x.key)
          and not exists (select 1 from jobs.ended_job e where e.key = x.key)
          and not exists (select 1 from jobs.job j where j.unique_key = x.unique_key)
          and not exists (select 1 from jobs.hold h where h.unique_key = x.unique_key and h.until > moment)
          and x.place <> all(given));
      exit when cardinality(wanted) = 0;
    end loop;

    ${NOTE_GROUPS.trim()}

    -- Of the places with one key, that was stored which first came with the unique key of the row. Those before it
    -- met the holder of their unique key, and all others the job that has their key.
    return query
      with asked as (
        select x.place, x.key, x.id, x.unique_key, min(x.place) filter (
          where x.key = any(stored) and x.unique_key is not distinct from j.unique_hash)
          over (partition by x.key) as stored_at
        from ${ASKED}
        left join jobs.job j on j.key = x.key)
      select (x.place - 1)::integer, coalesce(
        (select coalesce(j.id, j.key::text) from jobs.job j where j.unique_key = x.unique_key and x.place < x.stored_at),
        (select h.holder from jobs.hold h where h.unique_key = x.unique_key and h.until > moment and x.place < x.stored_at),
        (select coalesce(j.id, j.key::text) from jobs.job j where j.key = x.key),
        (select coalesce(e.id, e.key::text) from jobs.ended_job e where e.key = x.key),
        (select coalesce(j.id, j.key::text) from jobs.job j where j.unique_key = x.unique_key),
        (select h.holder from jobs.hold h where h.unique_key = x.unique_key and h.until > moment),
        x.id, x.key::text),
        lanes_of_given[array_position(given, x.place)]
      from asked x
      where x.place is distinct from x.stored_at;
  end
  $push$;
`;
