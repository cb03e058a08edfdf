import postgres, { type TransactionSql } from 'postgres';
import type { Library } from './library.js';

export const postgresJs: Library = {
  name: 'postgres',
  async connect(url) {
    const sql = postgres(url, { max: 2, onnotice: () => {}, transform: postgres.camel });
    return {
      async transaction(work) {
        await sql.begin(work);
      },
      async nested(held, work) {
        await (held as TransactionSql).savepoint(work);
      },
      run: async (held, text) => (held as TransactionSql).unsafe(text),
      outside: { 'sql itself': sql },
      close: () => sql.end(),
    };
  },
};
