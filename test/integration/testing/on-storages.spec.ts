import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BackgroundJobsModule, Job, QueueHandle } from '../../../lib/index.js';
import { FakeClock, JobsTesting } from '../../../lib/testing/index.js';
import { STORAGES } from '../../support/storages.js';
import { TraceLogger } from '../nest/trace.js';

class Ledger {
  readonly entries: string[] = [];
  onEntry: () => unknown = () => {};
}

@Job({ name: 'digest', inject: [Ledger] })
class Digest {
  constructor(readonly user: string) {}

  async run(ledger: Ledger): Promise<{ sent: boolean }> {
    ledger.entries.push(this.user);
    await ledger.onEntry();
    return { sent: true };
  }
}

@Job({ name: 'signup', inject: [QueueHandle] })
class Signup {
  constructor(readonly user: string) {}

  async run(jobs: QueueHandle): Promise<void> {
    await jobs.schedule(new Digest(this.user), '1 day');
  }
}

@Module({ imports: [BackgroundJobsModule.forRoot()], providers: [Ledger, Digest, Signup] })
class AppModule {}

describe.each(STORAGES)('JobsTesting on $name', (row) => {
  it('runs a flow of days, with a failure, a crash and a second delivery in it', async () => {
    const clock = new FakeClock();
    const under = await row.create(clock);
    const builder = Test.createTestingModule({ imports: [AppModule] }).setLogger(new TraceLogger());
    let time = clock.now();
    const jobs = JobsTesting.install(builder, {
      now: new Date(time),
      storage: () => under.create(),
      async onTime(now) {
        await under.advance(now.getTime() - time);
        time = now.getTime();
      },
    });
    const app = await builder.compile();
    await app.init();
    onTestFinished(async () => {
      await app.close();
      await under.dispose();
    });
    const queue = app.get(QueueHandle);
    const ledger = app.get(Ledger);

    await queue.queueAll([new Signup('ada'), new Signup('grace')]);
    expect((await jobs.drain()).map(({ outcome }) => outcome)).toEqual(['completed', 'completed']);
    await jobs.expectQueued(Digest, { state: 'scheduled', delay: '1 day', times: 2 });
    expect(await jobs.run(new Digest('alone'))).toEqual({ sent: true });

    // The first one fails, and the other is in the middle when its process dies.
    let crashes = 0;
    ledger.onEntry = () => (crashes++ === 0 ? jobs.crash() : undefined);
    jobs.failNext(Digest, new Error('down'));
    const runs = await jobs.advance('25h');
    expect(runs.map(({ outcome }) => outcome)).toEqual(['retrying', 'crashed', 'completed', 'completed']);

    jobs.duplicateDelivery(Digest);
    await queue.queue(new Digest('twice'));
    expect((await jobs.drain()).map(({ outcome }) => outcome)).toEqual(['lost', 'completed']);
    expect(ledger.entries.toSorted()).toEqual(['ada', 'alone', 'grace', 'grace', 'twice', 'twice']);
  });
});
