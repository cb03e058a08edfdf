import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../../lib/core/failure.js';
import { fingerprintOf } from '../../../lib/core/fingerprint.js';

function of(message: string, stack?: string, name = 'Error'): string {
  return fingerprintOf({ name, message, ...(stack === undefined ? {} : { stack }) });
}

describe('the fingerprint of a failure', () => {
  it.each<[what: string, one: string, other: string]>([
    ['numbers', 'Row 17 of 100 is bad', 'Row 3 of 20000 is bad'],
    ['decimals and times', 'took 1.5s at 12:30:01', 'took 17.25s at 09:00:59'],
    ['UUIDs', 'No user 018f4c5e-7d3a-7bbb-8000-1234567890ab', 'No user 018f4c5e-9999-7ccc-9000-abcdefabcdef'],
    ['ids of other kinds', 'Charge ch_3Nv8f failed', 'Charge ch_9Zk0q failed'],
    ['hexadecimal', 'Object 0xdeadbeef is gone, was cafebabe', 'Object 0x12ab is gone, was feedbeefad'],
    ['quoted values', `Unknown column "name" near 'where'`, `Unknown column "email" near 'from me'`],
    ['backquoted values', 'Cannot read `alpha`', 'Cannot read `beta gamma`'],
    ['paths', 'ENOENT: no such file, open /var/data/a/b.json', 'ENOENT: no such file, open /tmp/other.json'],
    ['paths elsewhere', 'cannot open C:\\data\\one.txt', 'cannot open D:\\backup\\old\\two.txt'],
    ['addresses', 'GET https://api.example.org/users/alice failed', 'GET http://localhost/x?y=z failed'],
    ['mail addresses', 'No mailbox ada@example.org', 'No mailbox grace.h@navy.example'],
    ['lists, however long', 'Missing: 1, 2, 3', 'Missing: 7'],
    ['white space', 'two  words\n here', 'two words here'],
  ])('stays the same over %s', (_, one, other) => {
    expect(of(one)).toBe(of(other));
    expect(of(one)).toMatch(/^[0-9a-f]{12}$/);
  });

  it('tells apart what is not the same trouble', () => {
    const prints = [
      of('The card was declined'),
      of('The card has expired'),
      of('The card was declined', undefined, 'CardError'),
      of("The user's card isn't theirs"),
      of("The user's bank isn't theirs"),
    ];
    expect(new Set(prints).size).toBe(prints.length);
  });

  it('goes by the first function of the application, wherever it stands by now', () => {
    const stack = (function_: string, place: string) => `Error: x
    at request (/srv/app/node_modules/axios/lib/core.js:10:5)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)
    at async ${function_} (${place})
    at async run (/srv/app/dist/other.js:1:1)`;
    const one = of('x', stack('Charge.run', '/srv/app/dist/charge.job.js:14:7'));
    expect(of('x', stack('Charge.run', '/home/ci/build/charge.job.js:99:1'))).toBe(one);
    expect(of('x', stack('Refund.run', '/srv/app/dist/charge.job.js:14:7'))).not.toBe(one);
  });

  it('goes by the file where a function has no name, and by nothing where there is no stack', () => {
    const at = (place: string) => `Error: x\n    at ${place}`;
    expect(of('x', at('/srv/one.js:1:2'))).toBe(of('x', at('file:///app/one.js:30:4')));
    expect(of('x', at('/srv/one.js:1:2'))).not.toBe(of('x', at('/srv/two.js:1:2')));
    expect(of('x', at('/srv/main.4f3a2b1c.js:1:2'))).toBe(of('x', at('/srv/main.99887766.js:1:2')));
    expect(of('x', 'Error: x')).toBe(of('x'));
  });

  it('takes a moment for whatever was thrown', () => {
    const hostile = [
      '"'.repeat(8_000),
      'a'.repeat(8_000),
      '(a '.repeat(3_000),
      '@'.repeat(8_000),
      '/a'.repeat(4_000),
    ];
    const began = performance.now();
    for (const text of hostile) {
      for (let times = 0; times < 20; times++) {
        fingerprintOf({ name: 'Error', message: text, stack: `    at ${text}` });
      }
    }
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(fingerprintOf(describeFailure(undefined))).toMatch(/^[0-9a-f]{12}$/);
  });
});
