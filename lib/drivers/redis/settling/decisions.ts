import type { Lease } from '../../../core/job.js';
import type { Settlement } from '../../../core/settlement.js';
import { digits, encodeFailure, encodeToken } from '../jobs/job-record.js';
import { STATE } from '../layout/stored-letters.js';

/** What was decided of a job, and how it must still be for that to be written. */
export interface Decision {
  /** `run`: under this lease. `waiting`. `expired`: waiting past its expiry. `stalled`: under this lease, which ran out. */
  readonly guard: 'run' | 'waiting' | 'expired' | 'stalled';
  readonly lease: Lease;
  readonly settlement: Settlement;
  /** Attempt and stalls stay, whatever the settlement says. */
  readonly keepsCounts?: true;
  /** When it lost a lease, and which tokens were lost so far. */
  readonly stall?: string;
}

/** How many there are, then each: runs that completed alike, of different jobs, share what they have in common. */
export function encodeDecisions(decisions: readonly Decision[]): string[] {
  const args = [''];
  let groups = 0;
  let nth = 0;
  while (nth < decisions.length) {
    const decision = decisions[nth] as Decision;
    const size = isPlain(decision) ? alikeFrom(decisions, nth) : 1;
    if (isPlain(decision)) pushAlike(args, decision.settlement, decisions.slice(nth, nth + size));
    else args.push(...encodeOne(decision));
    nth += size;
    groups += 1;
  }
  args[0] = String(groups);
  return args;
}

type Plain = Decision & { readonly settlement: Settlement & { readonly state: 'completed' } };

function isPlain(decision: Decision): decision is Plain {
  const { guard, settlement } = decision;
  return guard === 'run' && settlement.state === 'completed';
}

function alikeFrom(decisions: readonly Decision[], start: number): number {
  const { lease, settlement: first } = decisions[start] as Plain;
  const { attempt, stalls, keep } = first;
  const hasResult = first.result !== undefined;
  const ids = new Set([lease.id]);
  let end = start + 1;
  for (; end < decisions.length; end += 1) {
    const decision = decisions[end] as Plain;
    if (!isPlain(decision)) break;
    const { settlement } = decision;
    if (decision.lease.token !== lease.token || ids.has(decision.lease.id)) break;
    if (settlement.attempt !== attempt || settlement.stalls !== stalls || settlement.keep !== keep) break;
    if ((settlement.result !== undefined) !== hasResult) break;
    ids.add(decision.lease.id);
  }
  return end - start;
}

function pushAlike(args: string[], first: Plain['settlement'], decisions: readonly Decision[]): void {
  const { attempt, stalls, result } = first;
  const keep = first.keep === false ? '-' : String(first.keep);
  const token = encodeToken(decisions[0]?.lease.token ?? 0);
  const kind = result === undefined ? 'alike' : 'results';
  args.push(kind, digits(attempt, 8), digits(stalls, 8), keep, token, String(decisions.length));
  for (const { lease } of decisions) args.push(lease.id);
  if (kind === 'results')
    for (const { settlement } of decisions as readonly Plain[]) args.push(settlement.result ?? '');
}

function encodeOne({ guard, lease, settlement, keepsCounts, stall }: Decision): string[] {
  const { state, attempt, stalls } = settlement;
  const counts = keepsCounts ? ['', ''] : [digits(attempt, 8), digits(stalls, 8)];
  const failure = 'failure' in settlement ? settlement.failure : undefined;
  return [
    ...[guard, lease.id, String(lease.token), STATE[state], ...counts],
    'delay' in settlement ? String(settlement.delay) : '',
    'keep' in settlement ? (settlement.keep === false ? '-' : String(settlement.keep)) : '',
    given('reason' in settlement ? settlement.reason : undefined),
    given('cancelReason' in settlement ? settlement.cancelReason : undefined),
    given('result' in settlement ? settlement.result : undefined),
    failure === undefined ? '' : encodeFailure(failure),
    given(stall),
  ];
}

/** An empty text is not none. */
function given(text: string | undefined): string {
  return text === undefined ? '' : `+${text}`;
}
