import { describe, expect, it } from 'vitest';
import { printable, printableStack } from '../../../lib/nest/logging/printable.js';

describe('printable', () => {
  it.each([
    ['line breaks', 'a\nb\r\nc', 'a\\nb\\u000d\\nc'],
    ['escape sequences', '\u001b[31mred\u009b0m', '\\u001b[31mred\\u009b0m'],
    ['line separators of Unicode', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['changes of direction', 'user\u202etxt', 'user\\u202etxt'],
    ['nothing else', 'Grüße, 漢字 🎉 \\n', 'Grüße, 漢字 🎉 \\n'],
  ])('escapes %s', (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('cuts what is longer than a line should be, and no character in half', () => {
    const text = printable(`${'x'.repeat(1999)}🎉${'x'.repeat(1000)}`);
    expect(text.length).toBeLessThanOrEqual(2001);
    expect(text.isWellFormed()).toBe(true);
  });
});

describe('printableStack', () => {
  it('keeps the frames and leaves out the head, whatever the message holds', () => {
    const stack = 'Error: a\n[Nest] forged\n    at run (job.ts:1:1)\n    at next\u001b[2J (b.ts:2:2)';
    expect(printableStack(stack)).toBe('    at run (job.ts:1:1)\n    at next\\u001b[2J (b.ts:2:2)');
  });

  it('is nothing without frames', () => {
    expect(printableStack('Error: alone')).toBeUndefined();
    expect(printableStack(undefined)).toBeUndefined();
  });
});
