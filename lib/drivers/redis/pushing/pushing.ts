import type { NewJob, Pushed } from '../../../storage/new-job.js';
import { encodePriority, encodeTexts } from '../jobs/job-record.js';
import type { Lanes } from '../jobs/lanes.js';
import { PUSH } from './pushing.lua.js';
import { scriptOf } from '../connection/redis-connection.js';
import { encodeRich, neededIn, richOf } from './rich-pushing.js';
import { PUSH_RICH } from './rich-pushing.lua.js';
import type { ScriptRunner } from '../connection/script-runner.js';

const plain = scriptOf(PUSH);
const rich = scriptOf(PUSH_RICH);

type Duplicates = (string | number)[];

const NONE: ReadonlySet<NewJob> = new Set();

/** Stores new jobs. */
export class Pushing {
  readonly #runner: ScriptRunner;
  readonly #lanes: Lanes;

  constructor(runner: ScriptRunner, lanes: Lanes) {
    this.#runner = runner;
    this.#lanes = lanes;
  }

  async pushAll(jobs: readonly NewJob[]): Promise<Pushed[]> {
    if (jobs.length === 0) return [];
    const richJobs = richOf(jobs);
    const pushed: Pushed[] = jobs.map(({ id }) => ({ id, duplicate: false }));
    const [answer, replaced] =
      richJobs === undefined
        ? [await this.#runner.run<Duplicates>(plain, () => this.#encodeRuns(jobs), jobs)]
        : await this.#runner.run<[Duplicates, number[]]>(rich, () => this.encode(jobs, richJobs), jobs);
    for (let nth = 0; nth < answer.length; nth += 2) {
      pushed[Number(answer[nth])] = { id: String(answer[nth + 1]), duplicate: true };
    }
    for (const nth of replaced ?? []) {
      const { id } = pushed[nth] as Pushed;
      pushed[nth] = { id, duplicate: true, replaced: true };
    }
    for (const [nth, { queue }] of jobs.entries()) if (!pushed[nth]?.duplicate) this.#lanes.makeKnown(queue);
    return pushed;
  }

  /** Runs of plain jobs, and single rich ones between them, as `pushMixed` reads them. Their lanes must be registered. */
  encode(jobs: readonly NewJob[], richJobs = richOf(jobs) ?? NONE): string[] {
    const args = ['0'];
    const needed = neededIn(richJobs);
    let parts = 0;
    for (let nth = 0; nth < jobs.length; parts += 1) {
      const job = jobs[nth] as NewJob;
      if (richJobs.has(job)) {
        args.push('one', ...this.#headOf(job), ...encodeRich(job, needed, this.#lanes));
        nth += 1;
        continue;
      }
      let end = nth + 1;
      while (end < jobs.length && !richJobs.has(jobs[end] as NewJob)) end += 1;
      for (const arg of ['runs', ...this.#encodeRuns(jobs.slice(nth, end))]) args.push(arg);
      nth = end;
    }
    args[0] = String(parts);
    return args;
  }

  /** Runs of jobs that are alike, as `pushRuns` reads them. */
  #encodeRuns(jobs: readonly NewJob[]): string[] {
    const args = ['0'];
    let runs = 0;
    let size = 0;
    let previous: NewJob | undefined;
    for (const job of jobs) {
      if (previous === undefined || !isAlike(previous, job)) {
        if (previous !== undefined) args[countAt(args, previous, size)] = String(size);
        args.push(...this.#headOf(job), '');
        runs += 1;
        size = 0;
      }
      args.push(job.id, encodeTexts(job, this.#lanes));
      if (job.unique !== undefined) args.push(job.unique.key);
      size += 1;
      previous = job;
    }
    if (previous !== undefined) args[countAt(args, previous, size)] = String(size);
    args[0] = String(runs);
    return args;
  }

  #headOf(job: NewJob): string[] {
    const { queue, priority, due, unique } = job;
    const time = 'in' in due ? ['in', String(due.in)] : ['at', String(due.at)];
    const lane = this.#lanes.numberOf(job);
    return [
      lane,
      encodePriority(priority),
      ...time,
      untilOf(unique),
      this.#lanes.isKnown(queue) ? '' : queue,
    ];
  }
}

/** Where the number of jobs of the last run stands. */
function countAt(args: readonly string[], { unique }: NewJob, size: number): number {
  return args.length - size * (unique === undefined ? 2 : 3) - 1;
}

/** How long a unique key is held, as it is stored: 4 by time. The claim makes 1 a 3, which is no longer. */
function untilOf(unique: NewJob['unique']): string {
  if (unique === undefined) return '0';
  if (typeof unique.while === 'object') return '4';
  return unique.while === 'waiting' ? '1' : '2';
}

function isAlike(a: NewJob, b: NewJob): boolean {
  return (
    a.name === b.name &&
    a.queue === b.queue &&
    a.priority === b.priority &&
    a.unique?.while === b.unique?.while &&
    isSameDue(a.due, b.due)
  );
}

function isSameDue(a: NewJob['due'], b: NewJob['due']): boolean {
  return 'in' in a ? 'in' in b && a.in === b.in : 'at' in b && a.at === b.at;
}
