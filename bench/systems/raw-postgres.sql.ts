/** The statements of a schema. */
export function rawPostgresSql(schema: string, keepsCompleted: boolean) {
  const table = `${schema}.job`;
  return {
    schema: `
      create schema ${schema};
      create table ${table} (
        id bigint generated always as identity primary key,
        run_at bigint not null default 0,
        state smallint not null default 0,
        payload text not null
      );
      create index job_ready on ${table} (run_at, id) where state = 0`,
    insert: {
      name: 'insert',
      // JSON, since the client writes and the server reads it faster than an array of texts.
      text: `insert into ${table} (payload) select json_array_elements_text($1::json)`,
    },
    take: {
      name: 'take',
      text: `
        update ${table} set state = 1
        where id = any(array(
          select id from ${table} where state = 0 order by run_at, id limit $1::integer for update skip locked))
        returning id, payload`,
    },
    end: {
      name: 'end',
      text: keepsCompleted
        ? `update ${table} set state = 2 where id = any($1::bigint[])`
        : `delete from ${table} where id = any($1::bigint[])`,
    },
  };
}
