import { Client, Pool, type PoolClient } from 'pg';
import type { Library } from './library.js';

export const pg: Library = {
  name: 'pg',
  async connect(url) {
    const pool = new Pool({ connectionString: url, max: 2 });
    const idle = new Client({ connectionString: url });
    await idle.connect();
    return {
      async transaction(work) {
        const client = await pool.connect();
        try {
          await client.query('begin');
          await work(client);
          await client.query('commit');
        } catch (error) {
          await client.query('rollback');
          throw error;
        } finally {
          client.release();
        }
      },
      async nested(held, work) {
        const client = held as PoolClient;
        await client.query('savepoint inner_one');
        try {
          await work(client);
          await client.query('release savepoint inner_one');
        } catch (error) {
          await client.query('rollback to savepoint inner_one');
          throw error;
        }
      },
      run: (held, sql) => (held as PoolClient).query(sql),
      outside: { 'a client before begin': idle, 'a pool': pool },
      async close() {
        await Promise.all([pool.end(), idle.end()]);
      },
    };
  },
};
