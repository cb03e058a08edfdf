import { expect, it } from 'vitest';
import { completionOf, jobOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { temporarySchemas } from './schemas.js';

const schemas = temporarySchemas();

const TEXTS = [
  'a\0b',
  '\u0001 as it is',
  'half \ud800 of a pair',
  '\udfff',
  `${'long '.repeat(800)}and random ${Array.from({ length: 900 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20000))).join('')}`,
  '12345678901234567',
  `it's "quoted" \\ and $1`,
  '🎉',
];

it('texts that PostgreSQL does not keep come back letter by letter, wherever they stand', async () => {
  const storage = schemas.storage();
  await storage.open();
  for (const text of TEXTS) {
    const unique = { key: text, while: 'live' } as const;
    const job = jobOf({ id: text, name: text, queue: text, payload: text, policy: text, meta: text, unique });
    expect(await storage.push([job])).toEqual([{ id: text, duplicate: false }]);
    expect(await storage.push([jobOf({ unique }), job])).toEqual([
      { id: text, duplicate: true },
      { id: text, duplicate: true },
    ]);
    const queues = [{ queue: text, limit: 1 }];
    const { jobs } = await storage.pop(requestOf({ runner: text, names: [text], queues }));
    const { id, name, queue, payload, policy, meta } = jobs[0] ?? {};
    expect([id, name, queue, payload, policy, meta]).toEqual(Array.from({ length: 6 }, () => text));
    await storage.cancel([text], text);
    const settlement = { state: 'completed', attempt: 0, stalls: 0, result: text, keep: 60_000 } as const;
    expect((await storage.complete([completionOf({ id: text, token: 1 }, settlement)])).results).toEqual([
      'recorded',
    ]);
    expect(await storage.info([text])).toMatchObject([{ result: text, cancelReason: text, uniqueKey: text }]);
  }
});

it('texts that look like the marks of a list, or are empty, come back from one push', async () => {
  const storage = schemas.storage();
  await storage.open();
  const texts = ['', '\u001f', '\u001e0', '\u001e1', 'end \u001f1', '\u001f1\u001e', '\u001e', 'plain'];
  const jobs = texts.map((text, index) =>
    jobOf({ id: `id ${index}`, payload: text, meta: text, flow: text }),
  );
  await storage.push([...jobs, jobOf({ id: 'last', payload: '' })]);
  const records = await storage.info([...jobs.map(({ id }) => id), 'last']);
  expect(records.map((record) => [record?.payload, record?.meta, record?.flow])).toEqual([
    ...texts.map((text) => [text, text, text]),
    ['', undefined, undefined],
  ]);
  await storage.push([jobOf({ id: 'alone', payload: '', meta: '' })]);
  expect(await storage.info(['alone'])).toMatchObject([{ id: 'alone', payload: '', meta: '' }]);
});
