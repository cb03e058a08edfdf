import type { Failure } from './job.js';

const LONGEST_NAME = 128;
const LONGEST_MESSAGE = 8 * 1024;
const LONGEST_STACK = 16 * 1024;
const UNPRINTABLE = 'An error that cannot be printed was thrown';

/** Describes whatever was thrown. Never throws itself: a job whose error cannot be written would never end. */
export function describeFailure(thrown: unknown): Failure {
  const name = read(thrown, 'name');
  const message = read(thrown, 'message');
  const stack = read(thrown, 'stack');
  return {
    name: bound(name || 'Error', LONGEST_NAME),
    message: bound(message ?? print(thrown), LONGEST_MESSAGE),
    ...(stack === undefined ? {} : { stack: bound(stack, LONGEST_STACK) }),
  };
}

/** A property that is text, or nothing: getters and proxies may throw. */
function read(thrown: unknown, property: string): string | undefined {
  try {
    const value = (thrown as Record<string, unknown> | null | undefined)?.[property];
    return typeof value === 'string' && typeof thrown === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

function print(thrown: unknown): string {
  try {
    if (typeof thrown !== 'object' || thrown === null) return String(thrown);
    return JSON.stringify(thrown) ?? UNPRINTABLE;
  } catch {
    return UNPRINTABLE;
  }
}

/** Cut in length, without NUL (PostgreSQL refuses it) and without the half of a pair that cutting may leave. */
function bound(text: string, length: number): string {
  return text.slice(0, length).replaceAll('\0', '').toWellFormed();
}
