import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { QUEUE_OPTIONS } from '../../lib/client/enqueue/queue-options.js';
import { ROOT } from './project.js';

const README = readFileSync(`${ROOT}README.md`, 'utf8');

it('the README has a row for each option of queue(), and for no other', () => {
  expect(optionsBehind('Options of `queue`').toSorted()).toEqual([...QUEUE_OPTIONS].toSorted());
});

it('the README has a row for each option of the module, and for no other', () => {
  const listed = /const OPTIONS = \[([^\]]*)\]/.exec(
    readFileSync(`${ROOT}lib/nest/settings/jobs-settings.ts`, 'utf8'),
  )?.[1];
  const options = listed?.match(/\w+/g) ?? [];
  expect(options).toContain('storage');
  expect(optionsBehind('## Module options').toSorted()).toEqual([...options, 'isGlobal', 'name'].toSorted());
});

it('the README begins with the two commands', () => {
  const [title, , fence, start, test] = README.split('\n');
  expect([title, fence]).toEqual(['# nestjs-background-jobs', '```sh']);
  expect(start).toMatch(/^npm ci && npm start\b/);
  expect(test).toMatch(/^npm ci && npm test\b/);
});

/** The names in the first column of the first table behind that text. */
function optionsBehind(text: string): string[] {
  const [, section = ''] = README.split(text);
  const [table = ''] = /^(\|.*\n)+/m.exec(section) ?? [];
  return table.split('\n').flatMap((line) => line.split('|')[1]?.match(/(?<=`)\w+(?=`)/g) ?? []);
}
