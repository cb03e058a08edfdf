import { sql } from 'drizzle-orm';
import { drizzle as drizzleOverPg, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { drizzle as drizzleOverPostgresJs, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { Pool } from 'pg';
import postgres from 'postgres';
import type { Library } from './library.js';

export const drizzleNodePostgres: Library = {
  name: 'Drizzle over pg',
  async connect(url) {
    const pool = new Pool({ connectionString: url, max: 2 });
    const database = drizzleOverPg(pool);
    return {
      transaction: (work) => database.transaction(work),
      nested: (held, work) => (held as NodePgDatabase).transaction(work),
      run: async (held, text) => (held as NodePgDatabase).execute(sql.raw(text)),
      outside: { 'a Drizzle database': database },
      close: () => pool.end(),
    };
  },
};

export const drizzlePostgresJs: Library = {
  name: 'Drizzle over postgres',
  async connect(url) {
    const client = postgres(url, { max: 2, onnotice: () => {} });
    const database = drizzleOverPostgresJs(client);
    return {
      transaction: (work) => database.transaction(work),
      nested: (held, work) => (held as PostgresJsDatabase).transaction(work),
      run: async (held, text) => (held as PostgresJsDatabase).execute(sql.raw(text)),
      outside: { 'a Drizzle database': database },
      close: () => client.end(),
    };
  },
};
