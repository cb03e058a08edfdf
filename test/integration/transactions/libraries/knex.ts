import createKnex, { type Knex } from 'knex';
import type { Library } from './library.js';

export const knex: Library = {
  name: 'Knex',
  async connect(url) {
    const instance = createKnex({ client: 'pg', connection: url, pool: { min: 0, max: 2 } });
    let over: Knex.Transaction | undefined;
    await instance.transaction(async (transaction) => void (over = transaction));
    return {
      transaction: (work) => instance.transaction(work),
      nested: (held, work) => (held as Knex.Transaction).transaction(work),
      run: async (held, sql) => (held as Knex.Transaction).raw(sql),
      outside: { 'a Knex instance': instance, 'a transaction that is over': over },
      close: () => instance.destroy(),
    };
  },
};
