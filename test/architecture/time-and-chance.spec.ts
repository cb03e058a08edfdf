import ts from 'typescript';
import { expect, it } from 'vitest';
import { findings, library, parse, type SourceFile } from './project.js';

/** The one file that may ask what time it is, wait, and throw dice. All else is given a clock, and can be tested. */
const CLOCK = 'lib/core/clock.ts';

const MEMBERS = ['Date.now', 'Math.random', 'AbortSignal.timeout', 'process.hrtime', 'crypto.randomUUID'];
const GLOBALS = ['setTimeout', 'setInterval', 'setImmediate', 'performance'];
const MODULES = ['timers', 'timers/promises', 'perf_hooks'];

it('time, timers and chance come from the clock alone', () => {
  expect(
    library()
      .filter(({ path }) => path !== CLOCK)
      .flatMap(uses),
  ).toEqual([]);
});

it('the clock is where this test thinks it is', () => {
  expect(
    library()
      .filter(({ path }) => path === CLOCK)
      .flatMap(uses),
  ).not.toEqual([]);
});

it('notices each of them', () => {
  const planted = [
    'Date.now();',
    'new Date();',
    'Date();',
    'Math.random();',
    'performance.now();',
    'AbortSignal.timeout(5);',
    'setTimeout(run, 5);',
    'globalThis.setTimeout(run, 5);',
    'const wait = setInterval;',
    `import { setTimeout } from 'node:timers/promises';`,
  ];
  for (const line of planted) expect(uses(parse('lib/planted.ts', line)), line).not.toEqual([]);
  expect(uses(parse('lib/planted.ts', 'clock.setTimeout(run); new Date(0); queueMicrotask(run);'))).toEqual(
    [],
  );
});

function uses(file: SourceFile): string[] {
  return findings(file, (node) => {
    if (ts.isPropertyAccessExpression(node)) {
      const text = node.getText();
      if (MEMBERS.includes(text)) return text;
      return GLOBALS.some((name) => text === `globalThis.${name}`) ? text : undefined;
    }
    if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
      const asksForNow = node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0;
      return asksForNow ? 'Date without an argument' : undefined;
    }
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const name = node.moduleSpecifier.text.replace(/^node:/, '');
      return MODULES.includes(name) ? name : undefined;
    }
    return ts.isIdentifier(node) && GLOBALS.includes(node.text) && isFree(node) ? node.text : undefined;
  });
}

/** Not the name of a member: `clock.setTimeout` and `{ setTimeout: … }` are somebody's own. */
function isFree(node: ts.Identifier): boolean {
  const { parent } = node;
  const names =
    ts.isPropertyAccessExpression(parent) || ts.isClassElement(parent) || ts.isTypeElement(parent);
  return !((names || ts.isPropertyAssignment(parent)) && parent.name === node);
}
