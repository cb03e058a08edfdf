import { InvalidOptionError } from '../../core/errors.js';
import type { JobCarrier } from '../../core/job-carrier.js';
import { checkKnownOptions } from '../../core/known-options.js';
import type { ContextOptions } from './context-options.js';

/** The option `context`, checked and complete. */
export interface ContextSettings {
  readonly current: boolean;
  readonly logs: boolean;
  readonly carriers: readonly JobCarrier[];
}

/** Throws `InvalidOptionError` that names the option. */
export function parseContext(options: ContextOptions): ContextSettings {
  checkKnownOptions(options, ['current', 'logs', 'carriers'], 'context');
  const { carriers = [] } = options;
  carriers.forEach(checkCarrier);
  const current = parseFlag(options.current, 'context.current') ?? false;
  const logs = parseFlag(options.logs, 'context.logs') ?? current;
  if (logs && !current) {
    throw new InvalidOptionError('context.logs: a line cannot tell its run without context.current: true');
  }
  return { current, logs, carriers };
}

function parseFlag(value: unknown, option: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw new InvalidOptionError(`${option}: ${JSON.stringify(value)} is neither true nor false`);
}

function checkCarrier(carrier: JobCarrier, index: number, all: readonly JobCarrier[]): void {
  const { name, capture, restore } = carrier as Partial<JobCarrier>;
  if (typeof name !== 'string' || name === '') {
    throw new InvalidOptionError(`context.carriers[${index}]: has no name`);
  }
  if (typeof capture !== 'function' || typeof restore !== 'function') {
    throw new InvalidOptionError(`context.carriers[${index}], '${name}': must have capture and restore`);
  }
  if (all.findIndex((other) => other.name === name) < index) {
    throw new InvalidOptionError(
      `context.carriers: two have the name '${name}', and would mix up their values`,
    );
  }
}
