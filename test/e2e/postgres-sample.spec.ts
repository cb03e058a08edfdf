import { afterEach, expect, it } from 'vitest';
import { needServer } from '../support/need-server.js';
import { dropSchema, newSchema } from '../support/postgres.js';
import { freePort } from '../support/servers/free-port.js';
import type { Actor } from './actor.js';
import { isRunning, startSample } from './sample.js';
import { until } from './until.js';

interface Order {
  readonly id: number;
  readonly state: string;
}

type Queue = Readonly<Record<(typeof STATES)[number], number>>;

const STATES = ['ready', 'scheduled', 'retrying', 'running', 'dead', 'completed'] as const;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

it('places orders whose jobs another process does, and none of those that are rolled back', async ({
  skip,
}) => {
  const url = needServer('postgres', skip);
  const schema = newSchema();
  cleanups.push(() => Promise.all([dropSchema(schema), dropSchema(`${schema}_jobs`)]));
  const port = await freePort();
  const shop = start({ POSTGRES_URL: url, SHOP_SCHEMA: schema, PORT: String(port) });
  const seen = () => shop.output;
  await until('the shop is open', () => shop.output.includes('To remove what the sample made'), { seen });
  for (const text of [
    '/orders',
    '/products',
    '/jobs',
    `drop schema "${schema}" cascade`,
    `"${schema}_jobs"`,
  ]) {
    expect(shop.output, 'what the terminal shows').toContain(text);
  }
  const { call, get } = clientOf(port);

  const placed = [await call({ quantity: 2, email: 'ada@example.com' }), await call({ quantity: 3 })];
  expect(await call({ card: 'declined', email: 'nobody@example.com' })).toMatchObject({ statusCode: 402 });
  const ids = placed.map(({ id }) => id).toReversed();
  await until('all are shipped', async () => areShipped(await get<Order>('orders')), { seen });
  await until('mail was sent', () => shop.output.match(/"Thank you" sent/g)?.length === 2, { seen });

  expect((await get<Order>('orders')).map(({ id }) => id)).toEqual(ids);
  expect(await get('products')).toEqual([{ name: 'teapot', shipped: 5 }]);
  // Whatever became of them: two orders have two jobs each, and one more that follows; the third has none.
  const queues = await get<Queue>('jobs');
  const jobs = STATES.map((state) => queues.reduce((sum, queue) => sum + queue[state], 0));
  expect(jobs.reduce((sum, count) => sum + count)).toBe(6);
  expect(shop.output).toContain('"Thank you" sent to ada@example.com');
  expect(shop.output).not.toContain('nobody@example.com');

  const api = Number(shop.output.match(/its API, process (\d+)/)?.[1]);
  const worker = Number(shop.output.match(/\[Nest\] (\d+) .*Order \d+: shipped/)?.[1]);
  expect(worker).not.toBe(api);
  expect([api, worker].filter(isRunning)).toEqual([api, worker]);
  expect(await shop.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect([api, worker].filter(isRunning)).toEqual([]);
});

it('says what it needs where no PostgreSQL answers, and no password', async () => {
  const shop = start({ POSTGRES_URL: 'postgres://user:hidden@127.0.0.1:1/shop' });
  expect(await shop.ended, shop.output).toEqual({ code: 1, signal: null });
  expect(shop.output).toContain('at 127.0.0.1:1');
  expect(shop.output).toContain('POSTGRES_URL=');
  expect(shop.output).not.toContain('hidden');
});

function start(env: NodeJS.ProcessEnv): Actor {
  const shop = startSample('02-postgres', env);
  cleanups.push(() => shop.end('SIGTERM'));
  return shop;
}

function clientOf(port: number) {
  const url = `http://127.0.0.1:${port}`;
  return {
    async call(order: object): Promise<Order> {
      const response = await fetch(`${url}/orders`, {
        method: 'POST',
        body: JSON.stringify(order),
        headers: { 'content-type': 'application/json' },
      });
      return (await response.json()) as Order;
    },
    async get<Item>(path: string): Promise<readonly Item[]> {
      return (await (await fetch(`${url}/${path}`)).json()) as Item[];
    },
  };
}

function areShipped(orders: readonly Order[]): boolean {
  return orders.length > 0 && orders.every(({ state }) => state === 'shipped');
}
