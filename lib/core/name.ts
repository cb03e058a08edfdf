import { InvalidOptionError } from './errors.js';

const LONGEST_NAME = 255;
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Names of jobs, queues, groups, keys and ids are data: any text will do that every storage gives back as it
 * was. Throws `InvalidOptionError` for an empty one, one over 255 characters, control characters (NUL among
 * them) and lone surrogates.
 */
export function checkName(name: unknown, what: string): string {
  if (typeof name !== 'string') throw new InvalidOptionError(`${what} must be text, not ${typeof name}`);
  if (name === '') throw new InvalidOptionError(`${what} must not be empty`);
  if (name.length > LONGEST_NAME) {
    throw new InvalidOptionError(
      `${what} has ${name.length} characters; at most ${LONGEST_NAME} are allowed`,
    );
  }
  if (CONTROL.test(name))
    throw new InvalidOptionError(`${what} ${JSON.stringify(name)} has a control character`);
  if (!name.isWellFormed())
    throw new InvalidOptionError(`${what} ${JSON.stringify(name)} has a lone surrogate`);
  return name;
}
