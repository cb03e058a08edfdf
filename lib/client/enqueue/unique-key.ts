import { parseDuration } from '../../core/duration.js';
import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { checkName } from '../../core/name.js';
import type { DebounceOptions, ThrottleOptions, UniqueOptions } from '../../core/unique-options.js';
import type { UniqueClaim } from '../../storage/new-job.js';

/**
 * The text a storage knows a unique key by. Keys of different scopes never meet: names hold no control characters and
 * are never empty.
 */
export function storedUniqueKey(name: string, key: string): string {
  return `${name}\n${key}`;
}

/** What a storage is to hold. Throws `InvalidOptionError`. */
export function claimOf(name: string, queue: string, unique: UniqueOptions): UniqueClaim {
  checkKnownOptions(unique, ['key', 'scope', 'while', 'replace'], 'unique');
  const { scope = 'name', replace } = unique;
  const key = scopedKey(scope, name, queue, checkName(unique.key, 'A unique key'));
  const held = heldWhile(unique.while ?? 'live');
  if (replace === undefined) return { key, while: held };
  if (typeof held === 'object') {
    throw new InvalidOptionError(
      `unique.replace: a key that is held for a time may outlive the job that would be replaced`,
    );
  }
  const stray = replace.find((what) => what !== 'payload' && what !== 'due');
  if (stray !== undefined)
    throw new InvalidOptionError(`unique.replace: '${String(stray)}' is neither 'payload' nor 'due'`);
  return replace.length === 0 ? { key, while: held } : { key, while: held, replace };
}

/** One job for a burst: what waits takes over what comes later. */
export function debounced({ key }: DebounceOptions): UniqueOptions {
  return { key, while: 'waiting', replace: ['payload', 'due'] };
}

export function throttled({ key, every }: ThrottleOptions): UniqueOptions {
  return { key, while: { for: every } };
}

function scopedKey(scope: 'name' | 'queue' | 'global', name: string, queue: string, key: string): string {
  if (scope === 'name') return storedUniqueKey(name, key);
  if (scope === 'queue') return `\n${queue}\n${key}`;
  if (scope === 'global') return `\n\n${key}`;
  throw new InvalidOptionError(`unique.scope: '${String(scope)}' is none of 'name', 'queue', 'global'`);
}

function heldWhile(option: NonNullable<UniqueOptions['while']>): UniqueClaim['while'] {
  if (option === 'live' || option === 'waiting') return option;
  if (typeof option !== 'object' || option === null) {
    throw new InvalidOptionError(
      `unique.while: '${String(option)}' is neither 'waiting', 'live' nor { for: … }`,
    );
  }
  checkKnownOptions(option, ['for'], 'unique.while');
  const time = parseDuration(option.for, 'unique.while.for');
  if (time > 0) return { for: time };
  throw new InvalidOptionError('unique.while.for must be longer than 0');
}
