import { expect, it } from 'vitest';
import { blocksOf, problemOf } from './doc-blocks.js';
import { compileBlocks } from './doc-program.js';
import { filesIn } from './project.js';

/** Their blocks are code that readers copy. */
const PAGES = ['README.md', ...filesIn('docs/guides', '.md')];

it('every block of code in the README and the guides compiles', () => {
  const blocks = PAGES.flatMap((page) => blocksOf(page)).filter(({ note }) => note === '');
  expect(blocks).not.toEqual([]);
  expect(compileBlocks(blocks)).toEqual([]);
});

it('a block that is not compiled says why, or is a piece of a file that is', () => {
  const notes = PAGES.flatMap((page) => blocksOf(page)).map(problemOf);
  expect(notes.filter((problem) => problem !== undefined)).toEqual([]);
});

it('notices what no reader could compile', () => {
  const page = [
    '```ts',
    `@Job({ name: 'greet' })`,
    'class Greet { constructor(readonly name: string) {} run() {} }',
    '```',
    'Blocks see those before them:',
    '```ts',
    'await jobs.queue(new Greet(4711));',
    `await jobs.queue(new Greet('Ada'), { dealy: '3s' });`,
    'unheardOf();',
    '```',
  ];
  expect(compileBlocks(blocksOf('planted.md', page.join('\n')))).toEqual([
    expect.stringMatching(/^planted\.md:7 .*'number' is not assignable/),
    expect.stringMatching(/^planted\.md:8 .*'dealy' does not exist/),
    expect.stringMatching(/^planted\.md:9 Cannot find name 'unheardOf'/),
  ]);
});

it('notices a block that escapes', () => {
  expect(() => blocksOf('planted.md', '```typescript\nx\n```')).toThrow('planted.md:1');
  const notes = ['```ts ignore', '```ts ignore: a fragment', '```ts from package.json', '```ts'];
  const text = notes.map((fence) => `${fence}\nx(…);\n\`\`\``).join('\n');
  expect(blocksOf('planted.md', text).map(problemOf)).toEqual([
    "planted.md:1 'ignore' is neither 'ignore: why' nor 'from file'",
    undefined,
    'planted.md:8 is no piece of package.json',
    'planted.md:11 leaves something out',
  ]);
});
