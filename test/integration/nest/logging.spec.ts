import {
  BackgroundJobsModule,
  Job,
  JobInspector,
  MemoryStorage,
  NonRetryableError,
  QueueHandle,
  type JobContext,
} from 'nestjs-background-jobs';
import { describe, expect, it } from 'vitest';
import { boot, type Application } from './application.js';

class CardDeclined extends Error {
  override readonly name = 'CardDeclined';
}

@Job({ name: 'charge' })
class Charge {
  constructor(
    readonly end: 'return' | 'throw' | 'give up' | 'log' | 'forge',
    readonly card = '4111111111111111',
  ) {}

  run(context: JobContext): string {
    if (this.end === 'throw') throw new CardDeclined('declined');
    if (this.end === 'give up') throw new NonRetryableError('no such account');
    if (this.end === 'log') context.log('half way\u001b[2J\n[Nest] LOG all is well');
    if (this.end === 'forge') throw new NonRetryableError('bad\n[Nest] LOG all is well');
    return this.card;
  }
}

async function run(end: Charge['end']): Promise<Application & { readonly id: string }> {
  const application = await boot({ imports: [BackgroundJobsModule.forRoot()], providers: [Charge] });
  const { id } = await application.app.get(QueueHandle).queue(new Charge(end));
  return { ...application, id };
}

describe('the log', () => {
  it('says nothing of a job that goes well, at any level', async () => {
    const { app, id, log } = await run('return');
    await expect.poll(() => app.get(QueueHandle).info(id)).toMatchObject({ state: 'completed' });
    expect(log.lines.filter((line) => line.includes('Job charge'))).toEqual([]);
  });

  it('warns of a failure that will be tried again, and says when', async () => {
    const { id, log } = await run('throw');
    expect(await log.until('warn BackgroundJobs: Job')).toBe(
      `warn BackgroundJobs: Job charge ${id} failed at run 1: CardDeclined: declined; next run in 2000 ms`,
    );
  });

  it('reports a dead job as an error, with the stack', async () => {
    const { id, log } = await run('give up');
    const line = await log.until('error BackgroundJobs: Job');
    expect(line).toMatch(
      new RegExp(
        `^error BackgroundJobs: Job charge ${id} is dead after run 1 \\(non-retryable\\): NonRetryableError: no such account \\|     at `,
      ),
    );
    expect(line).toContain('Charge.run');
  });

  it('tells a job that nobody took in time from one that its process left', async () => {
    const imports = [BackgroundJobsModule.forRoot({ lease: '1s' })];
    const { app, log } = await boot({ imports, providers: [Charge] });
    await app.get(JobInspector).pauseQueue('default');
    const { id } = await app.get(QueueHandle).queue(new Charge('return'), { expiresIn: 1 });
    expect(await log.until('warn BackgroundJobs: Job')).toBe(
      `warn BackgroundJobs: Job charge ${id} was taken by nobody before it expired and is dead now`,
    );
  });

  it('says how often in a row a job was left by its process', async () => {
    const storage = new MemoryStorage();
    const imports = [BackgroundJobsModule.forRoot({ storage, lease: '1s' })];
    const { app, log } = await boot({ imports, providers: [Charge] });
    const lost = { id: 'x', name: 'charge', queue: 'default', state: 'ready' } as const;
    let stalls = 0;
    storage.rescue = () => Promise.resolve([{ ...lost, stalls: (stalls += 1) }]);
    await log.until('warn BackgroundJobs: Job charge x was left by its process and is ready now');
    await log.until(
      'warn BackgroundJobs: Job charge x was left by its process, 2 times in a row, and is ready now',
    );
    await app.close();
  });

  it("carries a job's own lines, with its id and on one line each", async () => {
    const { id, log } = await run('log');
    expect(await log.until(`log BackgroundJobs: Job charge`)).toBe(
      `log BackgroundJobs: Job charge ${id}: half way\\u001b[2J\\n[Nest] LOG all is well`,
    );
  });

  it('takes no line break from an error, neither from its message nor from the head of its stack', async () => {
    const { log } = await run('forge');
    const lines = (await log.until('error BackgroundJobs: Job')).split('\n');
    expect(lines[0]).toContain('bad\\n[Nest] LOG all is well');
    expect(lines.slice(1).filter((line) => !line.startsWith('    at '))).toEqual([]);
  });

  it('never shows what is in a job', async () => {
    for (const end of ['return', 'throw', 'give up', 'log'] as const) {
      const { app, id, log } = await run(end);
      await expect.poll(() => app.get(QueueHandle).info(id)).toHaveProperty('startedAt');
      // Runs end, and are told of, before the application is closed.
      await app.close();
      expect(log.lines.some((line) => line.includes('Job charge'))).toBe(end !== 'return');
      expect(log.lines.join('\n')).not.toContain('4111111111111111');
    }
  });
});

describe('a job whose queue is chosen by a function', () => {
  @Job({ name: 'regional', queue: (job: Regional) => job.region })
  class Regional {
    constructor(readonly region: string) {}

    run(): void {}
  }

  it('is warned about while workers are left out', async () => {
    const { log } = await boot({ imports: [BackgroundJobsModule.forRoot()], providers: [Regional] });
    expect(await log.until('warn BackgroundJobs')).toContain(
      "Job 'regional' chooses its queue by a function",
    );
  });

  it('is worked on, without a word, once its queues are named', async () => {
    const { app, log } = await boot({
      imports: [BackgroundJobsModule.forRoot({ workers: { eu: 1, us: { concurrency: 2 } } })],
      providers: [Regional],
    });
    await app.get(QueueHandle).queueAll([new Regional('eu'), new Regional('us')]);
    const completed = async () => (await app.get(QueueHandle).stats()).map((queue) => queue.completed);
    await expect.poll(completed).toEqual([1, 1]);
    expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });
});

it('workers are warned about when no module lists a job', async () => {
  const { log } = await boot({ imports: [BackgroundJobsModule.forRoot({ workers: { mail: 1 } })] });
  expect(await log.until('warn BackgroundJobs')).toContain('The workers have nothing to do');
});
