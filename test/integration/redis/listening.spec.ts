import { EventEmitter } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import type { Lanes } from '../../../lib/drivers/redis/jobs/lanes.js';
import { NewsListener } from '../../../lib/drivers/redis/signals/news-listener.js';
import type { RedisClient } from '../../../lib/drivers/redis/connection/redis-client.js';
import type { RedisConnection } from '../../../lib/drivers/redis/connection/redis-connection.js';
import { SignalHub, type Signal } from '../../../lib/storage/signal.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

/** A connection that says it is there, and may be dead for all that. */
class QuietClient extends EventEmitter {
  readonly status = 'ready';
  readonly reconnects: (boolean | undefined)[] = [];
  subscribe(): Promise<void> {
    return Promise.resolve();
  }
  connect() {
    return Promise.resolve();
  }
  disconnect(reconnect?: boolean) {
    this.reconnects.push(reconnect);
  }
}

afterEach(() => void vi.useRealTimers());

async function listening(client = new QuietClient()) {
  const clock = new FakeClock();
  const hub = new SignalHub();
  const heard: Signal[] = [];
  hub.subscribe((signal) => heard.push(signal));
  const published: string[][] = [];
  let isDead = false;
  const connection = {
    key: '{jobs}',
    command: async (_: string, channel: string, text: string) => {
      published.push([channel, text]);
      if (!isDead) client.emit('message', channel, text);
    },
  };
  const listener = new NewsListener({
    ...{ clock, hub, self: 'me', lanes: { queueOf: () => undefined } as unknown as Lanes },
    makeClient: async () => client as unknown as RedisClient,
    connection: connection as unknown as RedisConnection,
  });
  listener.start();
  await clock.advance(0);
  await new Promise((resolve) => setImmediate(resolve));
  return { clock, client, heard, published, listener, die: () => (isDead = true) };
}

it('a listener that hears its own beacon is left alone', async () => {
  const { clock, client, published, listener } = await listening();
  await clock.advance(120_000);
  expect(published.length).toBeGreaterThan(5);
  expect(client.reconnects).toEqual([]);
  listener.stop();
});

it('one that does not connects anew, within twenty seconds, and tells that it may have missed something', async () => {
  const { clock, client, heard, listener, die } = await listening();
  await clock.advance(30_000);
  heard.length = 0;
  die();
  await clock.advance(20_000);
  expect(client.reconnects).toEqual([true]);
  client.emit('ready');
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard.map(({ kind }) => kind).toSorted()).toEqual(['cancel', 'ready', 'schedule']);
  listener.stop();
});

it('one that is not told that it has subscribed connects anew, before it would miss its first beacon', async () => {
  const client = new QuietClient();
  vi.spyOn(client, 'subscribe').mockReturnValue(new Promise(() => {}));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { heard, listener } = await listening(client);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([client.reconnects, heard]).toEqual([[true], []]);
  listener.stop();
});

it('once stopped it tells nothing, beats no more and connects no more', async () => {
  const { clock, client, heard, published, listener } = await listening();
  listener.stop();
  heard.length = 0;
  const before = published.length;
  client.emit('message', '{jobs}:news', 'other ready 0000001');
  client.emit('message', '{jobs}:news', 'other cancel');
  await clock.advance(120_000);
  expect([heard, published.length, client.reconnects]).toEqual([[], before, [undefined]]);
});
