import type { LeasedJob } from '../../../core/job.js';
import type { Popped, PopRequest, QueueDemand } from '../../../storage/claims.js';
import { POP } from './claiming.lua.js';
import { leasedJobOf } from '../jobs/job-record.js';
import { tiesOf, type TiesReply } from '../jobs/job-ties.js';
import type { Lanes } from '../jobs/lanes.js';
import { scriptOf } from '../connection/redis-connection.js';
import type { ScriptRunner } from '../connection/script-runner.js';

const script = scriptOf(POP);

type WholeReply = [id: string, body: string, state: string, ...ties: TiesReply];

/**
 * What `claim` of the scripts returns: a hint, id and body of new jobs, then id, body and state of each other one, or all that
 * ties it in one list.
 */
export type ClaimReply = [nextIn: number, fresh?: string[], ...texts: (string | WholeReply)[]];

/** Answers: for each decision, or how many there are where all of them are recorded. */
export type StepReply = [answers: number | (number | [body: string, reason: string])[], claimed: ClaimReply];

const MOST_JOBS = 1000;
/** Calls that move what fell due, a thousand at a time, before a claim goes ahead without the rest. */
export const PROMOTIONS = 9;
const NONE_KNOWN = -1;
const PROMOTE_ON = -2;

/** Hands due jobs out. */
export class Claiming {
  readonly #runner: ScriptRunner;
  readonly #lanes: Lanes;
  #claims = 0;

  constructor(runner: ScriptRunner, lanes: Lanes) {
    this.#runner = runner;
    this.#lanes = lanes;
  }

  /** No script holds the server up for more than a thousand jobs. */
  async pop(request: PopRequest, patience = PROMOTIONS): Promise<Popped> {
    const jobs: LeasedJob[] = [];
    let nextIn: number | undefined;
    let left = request.queues.filter(({ limit }) => limit > 0);
    do {
      const part = { ...request, queues: firstOf(left) };
      const popped = await this.#popSome(part, patience);
      jobs.push(...popped.jobs);
      nextIn = earlier(nextIn, popped.nextIn);
      left = unfilled(left, part.queues, popped.jobs);
    } while (left.length > 0);
    return poppedOf(jobs, nextIn);
  }

  /** Whether one script can hand out all that is asked for. */
  isSmall({ queues }: PopRequest): boolean {
    return queues.reduce((total, { limit }) => total + limit, 0) <= MOST_JOBS;
  }

  encode({ lease, runner, names, queues }: PopRequest, patience: number): string[] {
    const wanted = queues.filter(({ limit }) => limit > 0);
    return [
      ...[String(lease), runner, (this.#claims++).toString(36), String(patience), String(wanted.length)],
      ...wanted.flatMap(({ queue, limit }) => {
        const lanes = this.#lanes.known(queue, { names });
        return [queue, String(limit), String(lanes.length), ...lanes];
      }),
    ];
  }

  /** Undefined: more must be moved first. */
  decode([nextIn, fresh = [], ...texts]: ClaimReply): Popped | undefined {
    if (nextIn === PROMOTE_ON) return undefined;
    const jobs: LeasedJob[] = [];
    for (let nth = 0; nth < fresh.length; nth += 2) {
      jobs.push(leasedJobOf(fresh[nth] ?? '', fresh[nth + 1] ?? '', '', this.#lanes));
    }
    for (let nth = 0; nth < texts.length; nth += 1) {
      const id = texts[nth] ?? '';
      if (typeof id === 'string') {
        jobs.push(leasedJobOf(id, String(texts[nth + 1]), String(texts[nth + 2]), this.#lanes));
        nth += 2;
      } else {
        const [own, body, state, ...ties] = id;
        jobs.push({ ...leasedJobOf(own, body, state, this.#lanes), ...tiesOf(ties) });
      }
    }
    return poppedOf(jobs, nextIn === NONE_KNOWN ? undefined : nextIn);
  }

  async #popSome(request: PopRequest, patience: number): Promise<Popped> {
    for (let left = patience; ; left -= 1) {
      const encode = () => this.encode(request, Math.max(0, left));
      const [, claimed] = await this.#runner.run<StepReply>(script, encode);
      const popped = this.decode(claimed);
      if (popped !== undefined) return popped;
    }
  }
}

function poppedOf(jobs: readonly LeasedJob[], nextIn: number | undefined): Popped {
  return nextIn === undefined ? { jobs } : { jobs, nextIn };
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function firstOf(queues: readonly QueueDemand[]): QueueDemand[] {
  let room = MOST_JOBS;
  return queues.flatMap(({ queue, limit }) => {
    const some = Math.min(limit, room);
    room -= some;
    return some > 0 ? [{ queue, limit: some }] : [];
  });
}

/** What is still wanted of queues that gave all they were asked for, or were not asked yet. */
function unfilled(
  wanted: readonly QueueDemand[],
  asked: readonly QueueDemand[],
  jobs: readonly LeasedJob[],
): QueueDemand[] {
  if (asked.length === wanted.length && asked.every(({ limit }, nth) => limit === wanted[nth]?.limit))
    return [];
  return wanted.flatMap(({ queue, limit }, nth) => {
    const part = asked[nth]?.limit ?? 0;
    const taken = jobs.filter((job) => job.queue === queue).length;
    return taken < part || limit === part ? [] : [{ queue, limit: limit - part }];
  });
}
