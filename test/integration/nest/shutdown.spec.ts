import { Global, Injectable, Module, type DynamicModule, type OnModuleDestroy } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import {
  BackgroundJobsModule,
  Job,
  MemoryStorage,
  QueueHandle,
  Storage,
  type JobContext,
} from 'nestjs-background-jobs';
import { describe, expect, it } from 'vitest';
import { boot } from './application.js';
import { Trace } from './trace.js';

/** A gate that a job waits at. */
class Gate {
  readonly opened: Promise<void>;
  open: () => void = () => {};

  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }
}

const events = { trace: new Trace(), gate: new Gate() };

class Connection implements OnModuleDestroy {
  isOpen = true;

  constructor(private readonly name: string) {}

  query(): void {
    if (!this.isOpen) throw new Error(`${this.name} is closed`);
  }

  onModuleDestroy(): void {
    this.isOpen = false;
    events.trace.add(`${this.name} closes`);
  }
}

@Injectable()
class LocalConnection extends Connection {
  constructor() {
    super('local database');
  }
}

@Injectable()
class GlobalConnection extends Connection {
  constructor() {
    super('global database');
  }
}

@Global()
@Module({ providers: [GlobalConnection], exports: [GlobalConnection] })
class DatabaseModule {}

@Job({ name: 'follow-up' })
class FollowUp {
  run(): void {}
}

@Job({ name: 'long', inject: [LocalConnection, GlobalConnection, QueueHandle] })
class Long {
  async run(local: Connection, global: Connection, jobs: QueueHandle): Promise<void> {
    events.trace.add('long begins');
    await events.gate.opened;
    local.query();
    global.query();
    const { duplicate } = await jobs.queue(new FollowUp());
    events.trace.add(`long enqueued ${!duplicate}`);
  }
}

@Job({ name: 'endless' })
class Endless {
  run({ signal }: JobContext): Promise<void> {
    events.trace.add('endless begins');
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  }
}

@Module({ providers: [LocalConnection, Long, Endless] })
class FeatureModule {}

/** Lets a test see the job's record after its application has closed the storage. */
class LastingStorage extends MemoryStorage {
  override close(): Promise<void> {
    events.trace.add('storage closes');
    return Promise.resolve();
  }
}

function reset(): void {
  events.trace = new Trace();
  events.gate = new Gate();
}

describe('when the application stops', () => {
  const jobs = () => BackgroundJobsModule.forRoot({ storage: new LastingStorage() });

  it.each<[string, () => NonNullable<DynamicModule['imports']>]>([
    ['first', () => [jobs(), DatabaseModule, FeatureModule]],
    ['last', () => [DatabaseModule, FeatureModule, jobs()]],
  ])('jobs end before any database closes, wherever the module is imported: %s', async (_, imports) => {
    reset();
    const { app } = await boot({ imports: imports() });
    await app.get(QueueHandle).queue(new Long());
    await events.trace.until('long begins');
    const closed = app.close();
    // A database that does not wait for the job would have closed by then.
    setImmediate(events.gate.open);
    await closed;
    expect(events.trace.lines).toEqual([
      'long begins',
      'long enqueued true',
      'local database closes',
      'global database closes',
      'storage closes',
    ]);
  });

  it('a job that outlasts the grace is aborted and given back, uncharged', async () => {
    reset();
    const storage = new LastingStorage();
    const options = { storage, shutdown: { grace: 0, abortGrace: 1000 } };
    const { app } = await boot({
      imports: [BackgroundJobsModule.forRoot(options), DatabaseModule, FeatureModule],
    });
    const { id } = await app.get(QueueHandle).queue(new Endless());
    await events.trace.until('endless begins');
    await app.close();
    const [record] = await storage.info([id]);
    expect(record).toMatchObject({ state: 'ready', attempt: 0 });
  });

  it('it says what it waits for, and nothing where it waits for nothing', async () => {
    reset();
    const options = { storage: new LastingStorage(), shutdown: { grace: 1500, abortGrace: 0 } };
    const imports = [BackgroundJobsModule.forRoot(options), DatabaseModule, FeatureModule];
    const idle = await boot({ imports });
    await idle.app.close();
    expect(idle.log.lines.filter((line) => line.includes('Stopping'))).toEqual([]);

    const { app, log } = await boot({ imports });
    await app.get(QueueHandle).queue(new Long());
    await events.trace.until('long begins');
    const closed = app.close();
    await log.until('log BackgroundJobs: Stopping: jobs that are at work (1) have 1500 ms to end');
    events.gate.open();
    await closed;
  });

  it('a storage that cannot be closed keeps no other module from stopping', async () => {
    class Unclosable extends MemoryStorage {
      override close(): Promise<void> {
        return Promise.reject(new Error('disk is gone'));
      }
    }
    const { app, log } = await boot({
      imports: [BackgroundJobsModule.forRoot({ storage: new Unclosable() })],
    });
    await app.close();
    expect(await log.until('error')).toContain('BackgroundJobs: Closing the storage failed: disk is gone');
  });

  it('stopping twice, or without having started, is fine', async () => {
    const { app } = await boot({ imports: [BackgroundJobsModule.forRoot()], providers: [FollowUp] });
    await Promise.all([app.close(), app.close()]);
    expect(app.get(Storage)).toBeInstanceOf(MemoryStorage);
  });
});

it('Nest still lets a module have its place in the order of its hooks', async () => {
  const { app, log } = await boot({
    imports: [FeatureModule, BackgroundJobsModule.forRoot(), DatabaseModule],
  });
  const modules = [...app.get(ModulesContainer).values()].toSorted((a, b) => b.distance - a.distance);
  expect(modules.at(0)?.name).toBe('StorageModule');
  expect(modules.at(-1)?.name).toBe('WorkersModule');
  expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
});
