import { expect, it } from 'vitest';
import { library, sourcesIn, type SourceFile } from './project.js';

const LONGEST = 300;
const LONG = 200;
const LONGEST_OUTSIDE_LIB = 400;

it(`no file of lib/ has more than ${LONGEST} lines`, () => {
  expect(longerThan(LONGEST, library())).toEqual([]);
});

it(`at most one file of lib/ in ten has more than ${LONG} lines`, () => {
  const files = library();
  const long = longerThan(LONG, files);
  expect(long.length, long.join('\n')).toBeLessThanOrEqual(files.length / 10);
});

it.each(['test', 'sample', 'bench'])(
  `no file of %s/ has more than ${LONGEST_OUTSIDE_LIB} lines`,
  (folder) => {
    expect(longerThan(LONGEST_OUTSIDE_LIB, sourcesIn(folder))).toEqual([]);
  },
);

function longerThan(limit: number, files: readonly SourceFile[]): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > limit)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}
