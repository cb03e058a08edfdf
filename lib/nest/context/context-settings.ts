import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';
import type { ContextOptions } from './context-options.js';

/** The option `context`, checked and complete. */
export interface ContextSettings {
  readonly current: boolean;
}

/** Throws `InvalidOptionError` that names the option. */
export function parseContext(options: ContextOptions): ContextSettings {
  checkKnownOptions(options, ['current'], 'context');
  return { current: parseFlag(options.current, 'context.current') };
}

function parseFlag(value: unknown, option: string): boolean {
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw new InvalidOptionError(`${option}: ${JSON.stringify(value)} is neither true nor false`);
}
