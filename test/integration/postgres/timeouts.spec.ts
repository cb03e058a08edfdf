import { describe, expect, it } from 'vitest';
import { systemChance, systemClock } from '../../../lib/core/clock.js';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import { Connections } from '../../../lib/drivers/postgres/connection/connections.js';
import { Database } from '../../../lib/drivers/postgres/connection/database.js';
import { beatOf, jobsOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { POSTGRES_URL } from '../../support/postgres.js';
import { rowsOf, temporarySchemas } from './schemas.js';

const schemas = temporarySchemas();
/** After it a runner gives a call up. */
const LIMIT = 10_000;

describe('what the server ends', () => {
  it('is a statement that waits too long, before its connection is given up: then it surely did nothing', async () => {
    const schema = schemas.name();
    const name = `jobs_waits_${process.pid}`;
    const storage = schemas.storageOfPool(schemas.pool({ application_name: name }), { schema });
    await storage.open();
    const blocker = await schemas.pool().connect();
    await blocker.query(`begin; lock table "${schema}".runner`);
    const begun = performance.now();
    try {
      await expect(storage.heartbeat(beatOf([]))).rejects.toThrow(StorageUnavailableError);
      expect(performance.now() - begun).toBeLessThan(LIMIT);
      const busy = await rowsOf(
        `select query from pg_stat_activity where application_name = $1 and state = 'active'`,
        [name],
      );
      expect(busy).toEqual([]);
    } finally {
      await blocker.query('rollback');
      blocker.release();
    }
  }, 20_000);

  it('is a transaction that nothing is heard of, so that a process which stands still holds no queue for long', async () => {
    const schema = schemas.name();
    const storage = schemas.storage({ schema });
    await storage.open();
    await storage.push(jobsOf(2, { group: 'a' }));
    expect((await storage.pop(requestOf({ limit: 1 }))).jobs).toHaveLength(1);
    const connections = new Connections({ connectionString: POSTGRES_URL });
    const pool = await connections.pool(1);
    const database = new Database({
      ...{ pool, schema, prepare: true, clock: systemClock, chance: systemChance },
    });
    let thaw = (): void => {};
    const frozen = new Promise<void>((resolve) => (thaw = resolve));
    let hold = (): void => {};
    const held = new Promise<void>((resolve) => (hold = resolve));
    const claim = database.transaction(async (sql) => {
      await sql.rows(`select 1 from jobs.queue for no key update`);
      hold();
      await frozen;
      return sql.rows(`select 1`);
    });
    const end = claim.then(
      () => 'committed',
      (error: unknown) => error,
    );
    await held;
    const take = () => storage.pop(requestOf({ limit: 1 })).then(({ jobs }) => jobs.length, String);
    await expect.poll(take, { timeout: 15_000 }).toBe(1);
    thaw();
    expect(await end).toBeInstanceOf(StorageUnavailableError);
    await database.close();
  }, 30_000);
});
