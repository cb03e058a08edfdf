import fc from 'fast-check';
import type { Need } from '../../../core/dependency.js';
import type { Capabilities } from '../../../storage/capabilities.js';
import type { QueueLimits } from '../../../storage/inspection.js';
import type { NewJob, UniqueClaim } from '../../../storage/new-job.js';
import { jobOf, keeping } from '../job-factories.js';
import { GROUPS, KEYS } from './model-pools.js';
import type { Theme } from './model-themes.js';

// Delays are whole tens, leases, keeps and all other times end in 5, time moves by tens: nothing falls due in the very
// instant that somebody looks, where a storage may decide either way.
export const tens = (most: number) => fc.integer({ min: 0, max: most / 10 }).map((count) => count * 10);
export const fives = (most: number) => tens(most).map((time) => time + 5);

// One queue and one name have most jobs: they are to meet one another.
export const queue = fc.constantFrom('default', 'default', 'default', 'mail');
const group = fc.constantFrom(...GROUPS);
export const keep = fc.oneof(
  { weight: 4, arbitrary: fives(4_000) },
  { weight: 1, arbitrary: fc.constant(false as const) },
);

const plainClaim: fc.Arbitrary<UniqueClaim> = fc.record({
  key: fc.constantFrom('k', ...KEYS),
  while: fc.constantFrom<('live' | 'waiting')[]>('live', 'live', 'waiting'),
});
const replace = fc.constantFrom<(readonly ('payload' | 'due')[] | undefined)[]>(
  undefined,
  ['payload'],
  ['due'],
  ['payload', 'due'],
);
const claim: fc.Arbitrary<UniqueClaim> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc
      .tuple(plainClaim, replace)
      .map(([plain, what]) => (what === undefined ? plain : { ...plain, replace: what })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(plainClaim, fives(2_000)).map(([{ key }, time]) => ({ key, while: { for: time } })),
  },
);

const order = fc.constantFrom('lifo' as const, { ageing: 10 }, { ageing: 500 });
const rate = fc.record({ count: fc.constantFrom(1, 1, 2, 3), per: fc.constantFrom(305, 1_005) }).map(defined);
const concurrency = fc.integer({ min: 1, max: 2 });

/** `share` of a hundred have it, where the storage knows it. */
function some<Value>(share: number, isKnown: boolean, arbitrary: fc.Arbitrary<Value>) {
  const none = fc.constant(undefined);
  return isKnown ? mixed(share, arbitrary, none) : none;
}

function mixed<One, Other>(share: number, one: fc.Arbitrary<One>, other: fc.Arbitrary<Other>) {
  return fc.oneof({ weight: 100 - share, arbitrary: other }, { weight: share, arbitrary: one });
}

/** Jobs that ask for all that the storage can do, as often as the theme says. */
export function jobs(
  { groups, expiry, order: hasOrder, replacing }: Capabilities,
  { ids, share, longest }: Theme,
): fc.Arbitrary<NewJob> {
  return fc
    .record({
      id: fc.constantFrom(...ids),
      name: fc.constantFrom('noop', 'noop', 'noop', 'other'),
      queue,
      payload: fc.constantFrom('{}', '{"n":1}'),
      priority: fc.integer({ min: -1, max: 1 }),
      due: fc.oneof(
        fc.constant({ in: 0 }),
        tens(longest.delay).map((time) => ({ in: time })),
        tens(longest.delay).map((time) => ({ at: time - 500 })),
      ),
      policy: fc.record({ dead: keep, cancelled: keep }).map(keeping),
      meta: fc.constantFrom(undefined, '"m"'),
      group: some(share.group, groups, group),
      expiresIn: some(share.expiry, expiry, fives(3_000)),
      order: some(share.order, hasOrder, order),
      unique: some(share.unique, true, replacing ? claim : plainClaim),
    })
    .map((given) => jobOf(defined(given)));
}

/** Jobs of one push. Of those with one id none replaces anything: who of them is stored, and when, only `push` knows. */
export function batches(job: fc.Arbitrary<NewJob>): fc.Arbitrary<NewJob[]> {
  return fc.array(job, { minLength: 1, maxLength: 5 }).map((batch) =>
    batch.map(({ unique, ...one }) => {
      if (unique === undefined) return one;
      const isAlone = batch.filter((other) => other.id === one.id).length === 1;
      return { ...one, unique: isAlone ? unique : without(unique, 'replace') };
    }),
  );
}

/** Jobs of one push, of which some wait for others: each for those that stand before it. */
export function flows(job: fc.Arbitrary<NewJob>): fc.Arbitrary<NewJob[]> {
  const need = fc.constantFrom<Need[]>('completed', 'completed', 'ended');
  const member = fc.record({
    job,
    needs: fc.array(fc.option(need, { nil: undefined, freq: 2 }), { minLength: 3, maxLength: 3 }),
    isAlarm: fc.integer({ min: 0, max: 3 }).map((dice) => dice === 0),
  });
  return fc
    .record({
      members: fc.uniqueArray(member, { minLength: 2, maxLength: 4, selector: (one) => one.job.id }),
      isTurned: fc.boolean(),
    })
    .map(({ members, isTurned }) => {
      const linked = members.map(({ job: given, needs, isAlarm }, nth) => {
        const one = without(given, 'unique');
        const after = members.slice(0, nth).flatMap(({ job: { id: on } }, index) => {
          const needed = needs[index];
          return needed === undefined ? [] : [{ id: on, needs: isAlarm ? ('dead' as const) : needed }];
        });
        return { ...one, flow: 'flow', ...(after.length > 0 && { after }) };
      });
      return isTurned ? linked.toReversed() : linked;
    });
}

/** Bounds of a queue, or none; of a hundred, `groupBound` are of its groups alone. */
export function queueLimits(
  { groups }: Capabilities,
  { share }: Theme,
): fc.Arbitrary<QueueLimits | undefined> {
  const bound = fc.oneof(
    concurrency.map((most) => ({ concurrency: most })),
    rate.map((most) => ({ rate: most })),
    fc.record({ concurrency, rate }).map(defined),
  );
  const ofGroups = bound.map((each) => ({ groups: each }));
  const both = fc.tuple(bound, ofGroups).map(([own, each]) => ({ ...own, ...each }));
  const all = groups ? fc.oneof(bound, ofGroups, both) : bound;
  const any = fc.option(all, { nil: undefined, freq: 4 });
  return groups ? mixed(share.groupBound, ofGroups, any) : any;
}

/** What can be paused: a queue, or a group of it. */
export function pausable({ groups }: Capabilities) {
  return fc.record({ queue, group: some(50, groups, group) });
}

function without<Given extends object, Key extends keyof Given>(given: Given, key: Key): Omit<Given, Key> {
  const { [key]: _, ...rest } = given;
  return rest;
}

function defined<Given extends object>(
  given: Given,
): { [Key in keyof Given]: Exclude<Given[Key], undefined> } {
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [Key in keyof Given]: Exclude<Given[Key], undefined> };
}
