import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { ARROWS } from '../../lib/core/lifecycle.js';
import { findings, parse, ROOT } from './project.js';

const REASONS = ['lib/client/inspect/explanation.ts', 'lib/client/inspect/limit-reasons.ts'];

it('the picture of the states has the arrows between them, and no other', () => {
  const drawn = read('docs/architecture.md').matchAll(/^ +(\w+) --> (\w+):/gm);
  const arrows = Object.entries(ARROWS).flatMap(([from, to]) => to.map((state) => `${from} ${state}`));
  expect([...drawn].map(([, from, to]) => `${from} ${to}`).toSorted()).toEqual(arrows.toSorted());
});

it('the guide has a row for each reason why a job does not run, and for no other', () => {
  const [, section = ''] = read('docs/guides/operating.md').split('## Why is this job not running?');
  const [table = ''] = /^(\|.*\n)+/m.exec(section) ?? [];
  const listed = table.split('\n').flatMap((row) => row.split('|')[1]?.match(/(?<=`)[a-z-]+(?=`)/g) ?? []);
  const [heading, ...reasons] = listed;
  expect(heading).toBe('kind');
  expect(reasons.toSorted()).toEqual(REASONS.flatMap(kindsIn).toSorted());
});

/** The literals of the types of `kind`. */
function kindsIn(path: string): string[] {
  const found = findings(parse(path, read(path)), (node) =>
    ts.isPropertySignature(node) && node.name.getText() === 'kind' && node.type
      ? node.type.getText().slice(1, -1)
      : undefined,
  );
  return found.map((place) => place.split(' ')[1] ?? '');
}

function read(path: string): string {
  return readFileSync(ROOT + path, 'utf8');
}
