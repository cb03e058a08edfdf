import { BackgroundJobsModule, Job, QueueHandle } from 'nestjs-background-jobs';
import { Test } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { STORAGES } from '../../support/storages.js';

const RESTARTS = 50;

@Job({ name: 'hello', every: '1h' })
class Hello {
  run(): string {
    return 'hello';
  }
}

/** What keeps the process alive, by its kind. */
function active(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

describe.each(STORAGES.map((row) => ({ row, name: row.name })))('on $name', ({ row }) => {
  it(`an application that starts and stops ${RESTARTS} times leaves no timer, socket or listener`, async () => {
    const subject = await row.create();
    onTestFinished(() => subject.dispose());
    const restart = async () => {
      const storage = subject.create();
      const imports = [BackgroundJobsModule.forRoot({ storage, shutdown: { grace: '1s' } })];
      const app = await Test.createTestingModule({ imports, providers: [Hello] }).compile();
      app.enableShutdownHooks();
      await app.init();
      const jobs = app.get(QueueHandle);
      expect(await jobs.queueAndWait(new Hello(), { wait: { timeout: '20s' } })).toBe('hello');
      await app.close();
    };
    // What is made once and kept, such as the pool that the test itself looks through, is there after the first.
    for (let nth = 0; nth < 3; nth++) await restart();
    const [resources, listeners] = [active(), process.listenerCount('SIGTERM')];
    for (let nth = 0; nth < RESTARTS; nth++) await restart();
    expect(process.listenerCount('SIGTERM')).toBeLessThanOrEqual(listeners);
    // A socket that was closed is gone a turn of the event loop later.
    const added = () => Object.entries(active()).filter(([kind, count]) => count > (resources[kind] ?? 0));
    await expect.poll(added).toEqual([]);
  }, 120_000);
});
