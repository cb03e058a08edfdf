import { Inject, Injectable, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  BackgroundJobsModule,
  InvalidJobError,
  Job,
  JobHandler,
  MaxRetries,
  OnDead,
  QueueHandle,
  type JobDeath,
} from 'nestjs-background-jobs';
import { describe, expect, it } from 'vitest';
import { JobsTesting } from '../../../lib/testing/index.js';
import { boot, bootError } from './application.js';
import { TraceLogger } from './trace.js';

class Ledger {
  readonly lines: string[] = [];
}

@Injectable({ scope: Scope.REQUEST })
class Unit {
  constructor(readonly ledger: Ledger) {}
}

@Job({ name: 'charge', inject: [Ledger, Unit], maxRetries: MaxRetries.count(0) })
class Charge {
  constructor(
    readonly order: string,
    readonly hook = 'refund',
  ) {}

  run(): void {
    throw new Error('declined');
  }

  @OnDead()
  async refund(ledger: Ledger, unit: Unit, death: JobDeath): Promise<void> {
    await Promise.resolve();
    unit.ledger.lines.push(`${this.order} ${death.reason}: ${death.failure?.message}`);
    if (this.hook === 'throw') throw new Error('the bank is closed');
    if (unit.ledger !== ledger) throw new Error('two ledgers');
  }
}

@Job({ name: 'apology' })
class Apology {
  constructor(readonly order: string) {}

  run(): string {
    return `sorry about ${this.order}`;
  }
}

class Parent {
  run(): void {
    throw new Error('refused');
  }
}

@Job({ name: 'ship' })
class Ship {
  constructor(readonly order: string) {}
}

@JobHandler(Ship)
class Shipper extends Parent {
  constructor(
    private readonly ledger: Ledger,
    private readonly jobs: QueueHandle,
  ) {
    super();
  }

  @OnDead()
  async cancelParcel(job: Ship, { id, attempts }: JobDeath): Promise<void> {
    this.ledger.lines.push(`${job.order} after ${attempts}`);
    // As long as a call to somebody else takes.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await this.jobs.queue(new Apology(job.order), { id: `apology:${id}` });
  }
}

const imports = [BackgroundJobsModule.forRoot({ defaults: { maxRetries: MaxRetries.count(0) } })];
const providers = [Ledger, Unit, Charge, Apology, Ship, Shipper];

describe('@OnDead', () => {
  it('has a method of the job called with what is injected and the death', async () => {
    const { app, log } = await boot({ imports, providers });
    const queue = app.get(QueueHandle);
    await queue.queue(new Charge('first', 'throw'));
    const { lines } = app.get(Ledger);
    await expect.poll(() => lines).toEqual(['first retries-exhausted: declined']);
    await expect
      .poll(() => log.lines.join('\n'))
      .toMatch(/What follows on the death of job charge .* failed: the bank is closed/);
    await queue.queue(new Charge('second'));
    await expect.poll(() => lines).toHaveLength(2);
  });

  it('has a method of the handler called, which may queue what follows', async () => {
    const { app } = await boot({ imports, providers });
    const queue = app.get(QueueHandle);
    const { id } = await queue.queue(new Ship('first'));
    await expect
      .poll(() => queue.info(`apology:${id}`))
      .toMatchObject({ state: 'completed', result: 'sorry about first' });
    expect(app.get(Ledger).lines).toEqual(['first after 1']);
  });

  it('is part of a test: what it queues runs in the same drain', async () => {
    const builder = Test.createTestingModule({ imports, providers });
    const jobs = JobsTesting.install(builder.setLogger(new TraceLogger()));
    const app = await builder.compile();
    await app.init();
    await app.get(QueueHandle).queue(new Ship('first'));
    expect((await jobs.drain()).map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'ship dead',
      'apology completed',
    ]);
    await app.close();
  });

  it('fails at boot where nobody could be meant', async () => {
    @Job({ name: 'split' })
    class Split {
      @OnDead()
      late(): void {}
    }
    @JobHandler(Split)
    class Splitter extends Parent {}
    expect(await bootError({ imports, providers: [Split, Splitter] })).toMatchObject({
      code: 'INVALID_JOB',
      message: "Job 'split': Split has @OnDead on late, but Splitter handles its jobs: put it there",
    });

    @Job({ name: 'noted' })
    class Noted {
      run(@Inject(Ledger) _ledger: Ledger): void {}

      @OnDead()
      late(_death: JobDeath): void {}
    }
    expect((await bootError({ imports, providers: [Ledger, Noted] })).message).toContain(
      'Use the option inject',
    );

    @Job({ name: 'lost', inject: [Ledger] })
    class Lost {
      run(_ledger: Ledger): void {}

      @OnDead()
      late(_ledger: Ledger, _death: JobDeath): void {}
    }
    expect((await bootError({ imports, providers: [Lost] })).message).toContain('Ledger');

    class Twice {
      one(): void {}
      two(): void {}
    }
    OnDead()(Twice.prototype, 'one');
    expect(() => OnDead()(Twice.prototype, 'two')).toThrow(InvalidJobError);
    expect(() => OnDead()(Twice, 'one')).toThrow('static');
  });
});
