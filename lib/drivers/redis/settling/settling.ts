import type { Lease, LeasedJob } from '../../../core/job.js';
import { decodePolicy } from '../../../core/policy.js';
import { honourCancel, settleStall, type Settlement } from '../../../core/settlement.js';
import type { Completed, Completion, PopRequest, Recorded, Rescued } from '../../../storage/claims.js';
import { PROMOTIONS, type Claiming, type ClaimReply, type StepReply } from '../claiming/claiming.js';
import { encodeDecisions, type Decision } from './decisions.js';
import { leasedJobOf, policyOf } from '../jobs/job-record.js';
import type { Lanes } from '../jobs/lanes.js';
import { scriptOf } from '../connection/redis-connection.js';
import type { ScriptRunner } from '../connection/script-runner.js';
import { EXPIRED, OVERDUE, STEP } from './settling.lua.js';

const expired = scriptOf(EXPIRED);
const overdue = scriptOf(OVERDUE);
const step = scriptOf(STEP);
const LOST_TOKENS_KEPT = 10;
const MOST_AT_ONCE = 1000;
const RECORDED: Readonly<Record<number, Recorded>> = { 1: 'recorded', 2: 'lost', 3: 'gone' };

type ExpiredReply = [
  id: string,
  body: string,
  state: string,
  cancelReason: string | null,
  stall: string | null,
];

/** An end that has still to be written, in the place of one that was decided before somebody asked for it. */
interface Owed {
  readonly place: number;
  readonly of: Decision;
  readonly decision: Decision;
}

interface Settled {
  readonly results: Recorded[];
  /** What was written in the place of what was decided, where somebody had asked for the end of the job. */
  readonly honoured: ReadonlyMap<Decision, Settlement>;
  readonly claimed?: ClaimReply;
}

/** Ends runs: by what their runner says of them, or because nothing was heard of them. */
export class Settling {
  readonly #runner: ScriptRunner;
  readonly #lanes: Lanes;
  readonly #claiming: Claiming;

  constructor(runner: ScriptRunner, lanes: Lanes, claiming: Claiming) {
    this.#runner = runner;
    this.#lanes = lanes;
    this.#claiming = claiming;
  }

  /**
   * The ends and the claim share a call, unless one of them is too long for the server to be held up. Where ends are owed,
   * it is the call that writes those.
   */
  async completeAll(completions: readonly Completion[], next?: PopRequest): Promise<Completed> {
    const decisions = completions.map(({ lease, settlement }): Decision => ({
      guard: 'run',
      lease,
      settlement,
    }));
    const isShort = decisions.length <= MOST_AT_ONCE && next !== undefined && this.#claiming.isSmall(next);
    const { results, claimed } = await this.#settle(decisions, isShort ? next : undefined);
    if (next === undefined) return { results };
    const popped = claimed && this.#claiming.decode(claimed);
    return {
      results,
      popped: popped ?? (await this.#claiming.pop(next, claimed ? PROMOTIONS - 1 : PROMOTIONS)),
    };
  }

  async release(leases: readonly Lease[]): Promise<readonly Recorded[]> {
    const settlement = { state: 'ready', attempt: 0, stalls: 0 } as const;
    const decisions = leases.map((lease): Decision => ({
      guard: 'run',
      lease,
      settlement,
      keepsCounts: true,
    }));
    return (await this.#settle(decisions)).results;
  }

  /** Ends jobs that wait. False where one does not any more. */
  async endWaiting(decisions: readonly Decision[]): Promise<boolean[]> {
    return (await this.#settle(decisions)).results.map((result) => result === 'recorded');
  }

  async rescue(limit: number, maxStalls: number): Promise<Rescued[]> {
    const stalled = await this.#inParts(limit, (some) => this.#rescueStalled(some, maxStalls));
    return [...stalled, ...(await this.#inParts(limit, (some) => this.#endExpired(some)))];
  }

  /** `sweep` returns how many it found, and those of them that it settled. */
  async #inParts(
    limit: number,
    sweep: (some: number) => Promise<{ readonly found: number; readonly rescued: readonly Rescued[] }>,
  ): Promise<Rescued[]> {
    const all: Rescued[] = [];
    while (all.length < limit) {
      const some = Math.min(limit - all.length, MOST_AT_ONCE);
      const { found, rescued } = await sweep(some);
      all.push(...rescued);
      if (found < some) break;
    }
    return all;
  }

  async #rescueStalled(some: number, maxStalls: number) {
    const [now, ...found] = await this.#runner.run<[now: number, ...ExpiredReply[]]>(expired, () => [
      String(some),
    ]);
    const stalled = found.map((reply) => this.#decideStall(reply, now, maxStalls));
    const { results, honoured } = await this.#settle(stalled.map(({ decision }) => decision));
    // What was not recorded is held again, has ended, or was rescued by another sweep.
    const rescued = stalled.flatMap(({ job, decision }, nth) =>
      results[nth] === 'recorded' ? [rescuedOf(job, honoured.get(decision) ?? decision.settlement)] : [],
    );
    return { found: found.length, rescued };
  }

  async #endExpired(some: number) {
    const found = await this.#runner.run<[id: string, body: string, state: string][]>(overdue, () => [
      String(some),
    ]);
    const jobs = found.map(([id, body, state]) => leasedJobOf(id, body, state, this.#lanes));
    const ended = await this.endWaiting(jobs.map(expiredOf));
    const rescued = jobs.flatMap(({ id, name, queue, stalls }, nth): Rescued[] =>
      ended[nth] ? [{ id, name, queue, stalls, state: 'dead', reason: 'expired' }] : [],
    );
    return { found: found.length, rescued };
  }

  #decideStall([id, body, state, cancelReason, stall]: ExpiredReply, now: number, maxStalls: number) {
    const job = leasedJobOf(id, body, state, this.#lanes);
    const stalledAt = Number(stall?.slice(0, 13) ?? 0) || undefined;
    const settlement = settleStall(
      cancelReason === null ? job : { ...job, cancelReason },
      stalledAt,
      now,
      maxStalls,
    );
    const tokens = [...(stall?.slice(14).split(',') ?? []), String(job.token)].slice(-LOST_TOKENS_KEPT);
    const decision: Decision = {
      ...{ guard: 'stalled', lease: job, settlement },
      stall: `${String(now).padStart(13, '0')},${tokens.join(',')}`,
    };
    return { job, decision };
  }

  async #settle(decisions: readonly Decision[], next?: PopRequest): Promise<Settled> {
    const results: Recorded[] = [];
    const honoured = new Map<Decision, Settlement>();
    if (decisions.length === 0 && next === undefined) return { results, honoured };
    let claimed: ClaimReply | undefined;
    let start = 0;
    do {
      const some = decisions.slice(start, (start += MOST_AT_ONCE));
      const [answers, reply] = await this.#runner.run<StepReply>(step, () => [
        ...encodeDecisions(some),
        ...(next === undefined ? ['0'] : ['1', ...this.#claiming.encode(next, PROMOTIONS)]),
      ]);
      claimed = reply;
      const { recorded, owed } = this.#recordedOf(some, answers);
      if (owed.length > 0) {
        const written = await this.#settle(
          owed.map(({ decision }) => decision),
          next,
        );
        for (const [nth, { place, of, decision }] of owed.entries()) {
          recorded[place] = written.results[nth] ?? 'lost';
          honoured.set(of, decision.settlement);
        }
        claimed = written.claimed;
      }
      results.push(...recorded);
    } while (start < decisions.length);
    return next === undefined || claimed === undefined
      ? { results, honoured }
      : { results, honoured, claimed };
  }

  /**
   * `owed`: where a job should go on that somebody asked to end, the core decides, and the same lease
   * writes it. The wish stands until the run ends, so that nothing can come between but another end of the run.
   */
  #recordedOf(
    decisions: readonly Decision[],
    answers: StepReply[0],
  ): { readonly recorded: Recorded[]; readonly owed: readonly Owed[] } {
    const owed: Owed[] = [];
    if (typeof answers === 'number') return { recorded: decisions.map(() => 'recorded'), owed };
    const recorded = decisions.map((decision, place): Recorded => {
      const answer = answers[place];
      if (!Array.isArray(answer)) return RECORDED[Number(answer)] ?? 'lost';
      const [body, cancelReason] = answer;
      const job = { policy: policyOf(body, this.#lanes), cancelReason };
      const settlement = honourCancel(decision.settlement, job);
      owed.push({ place, of: decision, decision: { ...decision, settlement } });
      return 'lost';
    });
    return { recorded, owed };
  }
}

function rescuedOf({ id, name, queue }: LeasedJob, { state, stalls }: Settlement): Rescued {
  const rescued = { id, name, queue, stalls, state: state as Rescued['state'] };
  return state === 'dead' ? { ...rescued, reason: 'stalled' } : rescued;
}

function expiredOf({ id, attempt, stalls, policy }: LeasedJob): Decision {
  const { dead } = decodePolicy(policy).keep;
  const settlement = { state: 'dead', reason: 'expired', attempt, stalls, keep: dead } as const;
  return { guard: 'expired', lease: { id, token: 0 }, settlement, keepsCounts: true };
}
