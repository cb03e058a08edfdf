import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { Library } from './library.js';

export const mikroOrm: Library = {
  name: 'MikroORM',
  async connect(url) {
    const orm = await MikroORM.init({
      clientUrl: url,
      entities: [],
      discovery: { warnWhenNoEntities: false },
      pool: { min: 0, max: 2 },
    });
    return {
      transaction: (work) => orm.em.fork().transactional(work),
      nested: (held, work) => (held as EntityManager).transactional(work),
      run: (held, sql) => {
        const em = held as EntityManager;
        return em.getConnection().execute(sql, [], 'all', em.getTransactionContext());
      },
      outside: { 'an EntityManager': orm.em.fork() },
      close: () => orm.close(),
    };
  },
};
