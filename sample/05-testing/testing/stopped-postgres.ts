import { PostgresStorage } from 'nestjs-background-jobs/postgres';
import pg from 'pg';

/**
 * A schema whose time stands still until `moveTo` is called: the storage asks one function of it for the time, and
 * here that is another one. For `JobsTesting`, as `onTime`.
 */
export async function stoppedSchema(connectionString: string, schema: string, now: Date) {
  const pool = new pg.Pool({ connectionString });
  await new PostgresStorage({ pool, schema }).migrate();
  await pool.query(`
    create table "${schema}".stopped_clock as select ${now.getTime()}::bigint as now;
    create or replace function "${schema}".clock_1() returns bigint language sql volatile as
      $$ select now from "${schema}".stopped_clock $$`);
  return {
    moveTo: (time: Date) => pool.query(`update "${schema}".stopped_clock set now = $1`, [time.getTime()]),
    async remove() {
      await pool.query(`drop schema "${schema}" cascade`);
      await pool.end();
    },
  };
}
