import { describe, expect, it } from 'vitest';
import { joinTransaction } from '../../../lib/drivers/postgres/transaction/join-transaction.js';
import { positional } from '../../../lib/drivers/postgres/transaction/knex.js';
import { EVERY_LIBRARY } from './libraries/every-library.js';
import type { Connection, Library } from './libraries/library.js';
import type { PgClient } from '../../../lib/drivers/postgres/transaction/pg.js';
import { POSTGRES_URL } from '../../support/postgres.js';

describe.each(EVERY_LIBRARY)('$name', (library) => {
  it('carries texts and rows as they are, whatever kind the statement is of', () =>
    connected(library, async (connection) => {
      await connection.transaction(async (held) => {
        await connection.run(held, 'create temp table joined (name text) on commit drop');
        const joined = joinTransaction(held);
        const texts = JSON.stringify([{ name: `é\u0001'? $1 :a \\?` }, { name: null }]);
        const insert = `
          insert into joined select value->>'name' from jsonb_array_elements($1::text::jsonb)
          where $2::text::jsonb ? 'key' returning name, 17::text as count`;
        expect(await joined.query(insert, [texts, '{"key":1}'])).toEqual([
          { name: `é\u0001'? $1 :a \\?`, count: '17' },
          { name: null, count: '17' },
        ]);
        const update = `update joined set name = $2::text where name is distinct from $1::text returning name`;
        expect(await joined.query(update, ['', '{"a":"$1"}'])).toHaveLength(2);
        const both = `with gone as (delete from joined where name = $1::text returning name)
          select count(*)::text as count from gone`;
        expect(await joined.query(both, ['{"a":"$1"}'])).toEqual([{ count: '2' }]);
        expect(await joined.query(`update joined set name = $1::text returning name`, ['x'])).toEqual([]);
      });
    }));

  it('is refused while it has no transaction open', () =>
    connected(library, async ({ outside }) => {
      for (const [name, value] of Object.entries(outside)) {
        expect(() => void joinTransaction(value), name).toThrow(
          expect.objectContaining({
            code: 'INVALID_TRANSACTION',
            message: expect.stringContaining('no transaction open'),
          }),
        );
      }
    }));
});

it('a client of pg that cannot tell whether it is in a transaction is asked', () =>
  connected(EVERY_LIBRARY[0] as Library, async ({ transaction, outside }) => {
    const silent = (client: unknown): PgClient => ({
      query: (text, values) => (client as PgClient).query(text, values),
      escapeLiteral: (text) => text,
    });
    await transaction(async (held) => {
      expect(await joinTransaction(silent(held)).query('select $1::text as a', ['x'])).toEqual([{ a: 'x' }]);
    });
    const idle = joinTransaction(silent(outside['a client before begin']));
    await expect(idle.query('select $1::text as a', ['x'])).rejects.toMatchObject({
      code: 'INVALID_TRANSACTION',
    });
  }));

it.each([
  undefined,
  null,
  true,
  'begin',
  17,
  {},
  [],
  () => {},
  new Map(),
  { query: () => {} },
  Object.create(null),
])('what is no transaction is refused, and the error names what is accepted: %o', (value: unknown) => {
  expect(() => void joinTransaction(value)).toThrow(
    expect.objectContaining({
      code: 'INVALID_TRANSACTION',
      message: expect.stringMatching(/pg.*TypeORM.*Prisma.*Drizzle, Knex, Kysely.*MikroORM/),
    }),
  );
});

it('parameters that Knex binds by place may be named twice and out of order', () => {
  expect(
    positional(
      '$2 ? $1 $12 $1',
      Array.from({ length: 12 }, (_, index) => `v${index + 1}`),
    ),
  ).toEqual({
    sql: '? \\? ? ? ?',
    bindings: ['v2', 'v1', 'v12', 'v1'],
  });
});

async function connected(library: Library, work: (connection: Connection) => Promise<void>): Promise<void> {
  const connection = await library.connect(POSTGRES_URL);
  try {
    await work(connection);
  } finally {
    await connection.close();
  }
}
