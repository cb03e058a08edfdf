import { describe, expect, it } from 'vitest';
import { checkFlows } from '../../../lib/storage/flow-check.js';
import type { NewJob } from '../../../lib/storage/new-job.js';
import { jobOf } from '../../../lib/testing/contract/job-factories.js';

function waitingFor(id: string, ...ids: string[]): NewJob {
  return jobOf({ id, after: ids.map((dependency) => ({ id: dependency, needs: 'completed' })) });
}

describe('checkFlows', () => {
  it('lets through what comes to an end, in whatever order it stands', () => {
    const diamond = [
      waitingFor('d', 'b', 'c'),
      waitingFor('b', 'a'),
      waitingFor('c', 'a'),
      jobOf({ id: 'a' }),
    ];
    expect(() => checkFlows(diamond)).not.toThrow();
    const chain = Array.from({ length: 1000 }, (_, n) =>
      n === 0 ? jobOf({ id: '0' }) : waitingFor(`${n}`, `${n - 1}`),
    );
    expect(() => checkFlows(chain)).not.toThrow();
  });

  it.each([
    [
      'a circle',
      [waitingFor('a', 'b'), waitingFor('b', 'c'), waitingFor('c', 'a')],
      '3 jobs wait for one another',
    ],
    ['itself', [waitingFor('a', 'a')], '1 jobs wait for one another'],
    ['what is elsewhere', [waitingFor('a', 'z')], 'waits for z, which is not in the same push'],
    ['nobody', [jobOf({ id: 'a', after: [] })], 'waits for no job'],
    ['one twice', [jobOf({ id: 'b' }), waitingFor('a', 'b', 'b')], 'waits for one job twice'],
  ])('refuses to wait for %s', (_, jobs, message) => {
    expect(() => checkFlows(jobs)).toThrow(message);
  });

  it('refuses a need for deaths beside other needs, and a unique key', () => {
    const mixed = jobOf({
      after: [
        { id: 'a', needs: 'dead' },
        { id: 'b', needs: 'ended' },
      ],
    });
    expect(() => checkFlows([jobOf({ id: 'a' }), jobOf({ id: 'b' }), mixed])).toThrow('others not to');
    const unique = { key: 'k', while: 'live' } as const;
    expect(() => checkFlows([jobOf({ id: 'a' }), { ...waitingFor('b', 'a'), unique }])).toThrow('unique key');
    expect(() => checkFlows([jobOf({ id: 'a', unique }), waitingFor('b', 'a')])).toThrow('unique key');
  });
});
