import { Module, type Provider } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { BackgroundJobsModule, Job, type BackgroundJobsOptions } from 'nestjs-background-jobs';
import { describe, expect, it } from 'vitest';
import { boot } from './application.js';
import type { Trace } from './trace.js';

@Job({ name: 'welcome', queue: 'mail' })
class Welcome {
  run(): void {}
}

@Job({ name: 'reminder', queue: 'mail' })
class Reminder {
  run(): void {}
}

@Job({ name: 'plain' })
class Plain {
  run(): void {}
}

@Job({ name: 'anywhere', queue: () => 'somewhere' })
class Anywhere {
  run(): void {}
}

async function notes(providers: Provider[], options: BackgroundJobsOptions): Promise<readonly string[]> {
  const { log } = await boot({ imports: [BackgroundJobsModule.forRoot(options)], providers });
  return notesIn(log);
}

function notesIn({ lines }: Trace): string[] {
  return lines.filter((line) => /^\w+ BackgroundJobs.*(do not take|No job here names)/.test(line));
}

const UNWORKED =
  "log BackgroundJobs: The workers of this process do not take the queue 'mail', whose jobs it could run: reminder, welcome. ";

describe('at the start the log says', () => {
  it('which jobs of this process go to queues that its workers do not take', async () => {
    expect(await notes([Welcome, Reminder, Plain], { workers: { default: 1 } })).toEqual([
      `${UNWORKED}They wait for another process`,
    ]);
  });

  it.each(['mial', 'mails', 'Mail', 'mai'])('that %s may be a slip among workers', async (queue) => {
    expect(await notes([Welcome, Reminder], { workers: { [queue]: 1 } })).toEqual([
      `${UNWORKED}Is it meant by '${queue}' under workers?`,
    ]);
  });

  it('that there may be one among queues', async () => {
    expect(await notes([Welcome], { queues: { mial: { concurrency: 1 } } })).toEqual([
      "log BackgroundJobs: No job here names the queue 'mial' under queues. Is 'mail' meant by it?",
    ]);
  });

  it('what a lazily loaded module adds to it, and nothing twice', async () => {
    @Module({ providers: [Reminder] })
    class Late {}
    const { app, log } = await boot({
      imports: [BackgroundJobsModule.forRoot({ workers: { default: 1 } })],
      providers: [Welcome],
    });
    await app.get(LazyModuleLoader).load(() => Late);
    expect(notesIn(log)).toEqual([
      expect.stringMatching(/could run: welcome\./),
      expect.stringMatching(/could run: reminder\./),
    ]);
  });
});

describe('at the start the log says nothing', () => {
  it.each<[string, Provider[], BackgroundJobsOptions]>([
    ['where the workers are off', [Welcome], { workers: false, queues: { mial: {} } }],
    ['where workers are left out', [Welcome, Plain], {}],
    ['where all queues are taken', [Welcome, Plain], { workers: { mail: 1, default: 1, mial: 1 } }],
    ['of queues that a function chooses', [Anywhere], { workers: { default: 1 } }],
    ['of queues that the defaults name', [Plain], { workers: { mail: 1 }, defaults: { queue: 'mail' } }],
    ['of names that a job has, or that nobody has', [Welcome, Plain], { queues: { mail: {}, other: {} } }],
    ['of a name that only a number tells from another', [Welcome], { queues: { mail2: {} } }],
  ])('%s', async (_, providers, options) => {
    expect(await notes(providers, options)).toEqual([]);
  });

  it('where instances of the module share the queues, unless a name is a slip', async () => {
    const { log } = await boot({
      imports: [
        BackgroundJobsModule.forRoot({ workers: { default: 1 } }),
        BackgroundJobsModule.forRoot({ name: 'letters', workers: { mial: 1 } }),
      ],
      providers: [Welcome, Plain],
    });
    expect(notesIn(log)).toEqual([expect.stringMatching(/BackgroundJobs\(letters\).*'mail'.*'mial'/)]);
  });
});
