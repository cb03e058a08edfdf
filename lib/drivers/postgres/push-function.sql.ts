/**
 * Stores a batch in one call: the jobs as JSON, and their keys as an array. Gives back only the jobs it did not
 * store: their place in the batch and the id of the job that is there.
 *
 * A function, since each statement in it sees what was committed until then: an insert that waited for another
 * transaction must look again at who has the id or the unique key now. The indexes decide who is first. A job of the
 * same id that has ended is looked for after the insert, never before: between a look and an insert it could end.
 */
export const PUSH_FUNCTION = `
  create function jobs.push_1(batch text, keys text) returns table (place integer, present text)
  language plpgsql volatile set enable_seqscan to off as $push$
  declare
    all_keys uuid[] := keys::uuid[];
    moment bigint := jobs.clock_1();
    stored uuid[] := '{}';
    ended uuid[];
    wanted integer[];
  begin
    for round in 1..10 loop
      with added as (
        insert into jobs.job (key, id, lane, state, priority, run_at, enqueued_at, policy, payload, meta,
          unique_key, unique_hash, unique_while, unique_name)
        select x.key, x.id, x.lane, case when due.at > moment then 1 else 0 end, x.priority, due.at, moment,
          x.policy, x.payload, x.meta, x.unique_key, x.unique_key, x.unique_while, x.unique_name
        from json_to_recordset(batch::json) as x(place integer, key uuid, id text, lane integer, priority integer,
          delay bigint, at bigint, policy text, payload text, meta text, unique_key uuid, unique_while smallint,
          unique_name text)
        cross join lateral (select greatest(moment, coalesce(x.at, moment + x.delay)) as at) due
        where wanted is null or x.place = any(wanted)
        order by x.place
        on conflict do nothing
        returning job.key)
      select stored || coalesce(array_agg(added.key), '{}') into stored from added;

      if cardinality(stored) = cardinality(all_keys)
        and not exists (select 1 from jobs.ended_job e where e.key = any(all_keys)) then
        return;
      end if;

      ended := array(select e.key from jobs.ended_job e where e.key = any(stored));
      if cardinality(ended) > 0 then
        delete from jobs.job j where j.key = any(ended);
        stored := array(select s from unnest(stored) s where s <> all(ended));
      end if;

      -- Whoever was met may be gone by now: then the place is free, and is tried for again.
      wanted := array(
        select x.place from json_to_recordset(batch::json) as x(place integer, key uuid, unique_key uuid)
        where x.key <> all(stored)
          and not exists (select 1 from jobs.job j where j.key = x.key)
          and not exists (select 1 from jobs.ended_job e where e.key = x.key)
          and not exists (select 1 from jobs.job j where j.unique_key = x.unique_key));
      exit when cardinality(wanted) = 0;
    end loop;

    -- Of the places with one key, that was stored which first came with the unique key of the row. Those before it
    -- met the holder of their unique key, and all others the job that has their key.
    return query
      with asked as (
        select x.place, x.key, x.id, x.unique_key, min(x.place) filter (
          where x.key = any(stored) and x.unique_key is not distinct from j.unique_hash)
          over (partition by x.key) as stored_at
        from json_to_recordset(batch::json) as x(place integer, key uuid, id text, unique_key uuid)
        left join jobs.job j on j.key = x.key)
      select x.place, coalesce(
        (select coalesce(j.id, j.key::text) from jobs.job j where j.unique_key = x.unique_key and x.place < x.stored_at),
        (select coalesce(j.id, j.key::text) from jobs.job j where j.key = x.key),
        (select coalesce(e.id, e.key::text) from jobs.ended_job e where e.key = x.key),
        (select coalesce(j.id, j.key::text) from jobs.job j where j.unique_key = x.unique_key),
        x.id, x.key::text)
      from asked x
      where x.place is distinct from x.stored_at;
  end
  $push$;
`;
