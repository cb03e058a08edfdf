import {
  JobsError,
  StorageClosedError,
  StorageFullError,
  StorageOpenError,
  StorageUnavailableError,
} from '../../../core/errors.js';

// The server ended the connection or cannot take one, is a standby now, or ran into one of our own timeouts.
const UNAVAILABLE = /^(08|57P|53300|53400|25006|57014|55P03|25P03)/;
const FULL = /^53[12]00/;
const REFUSED: readonly (readonly [codes: RegExp, advice: string])[] = [
  [/^28/, 'Check the user and its password'],
  [/^3D000/, 'Create the database'],
  [/^42501/, 'Grant it, or migrate by hand with `migrationSql`'],
  [/^(42P01|42883|3F000)/, 'The schema is not there or not whole: call `migrate`'],
];
// What Node and the client say of a connection that is gone, under a code or under none.
const NETWORK =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|ENOTFOUND|EAI_AGAIN|ERR_STREAM|ENOENT)/;
const NETWORK_MESSAGE =
  /timeout|terminated|Connection ended|not queryable|connection is closed|Client was closed|socket/i;

/** Two transactions met: the same statement works when it is tried again. */
export function isCollision(error: unknown): boolean {
  return /^40(001|P01)$/.test(codeOf(error));
}

export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505';
}

/** After it the connection must not be used again. */
export function breaksConnection(error: unknown): boolean {
  const code = codeOf(error);
  return !/^[0-9A-Z]{5}$/.test(code) || /^(08|57P|25P0)/.test(code);
}

/** The error a caller can act on; what we do not know is passed on as it is. */
export function translate(error: unknown): unknown {
  if (error instanceof JobsError) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  const options = { cause: error };
  if (/after calling end on the pool/.test(message)) {
    return new StorageClosedError('The PostgreSQL storage is closed', options);
  }
  if (FULL.test(code)) {
    return new StorageFullError(
      `PostgreSQL has no room left: ${message}. Nothing of this write was kept`,
      options,
    );
  }
  if (isCollision(error) || UNAVAILABLE.test(code) || NETWORK.test(code) || isOfNetwork(code, message)) {
    return new StorageUnavailableError(`PostgreSQL does not answer: ${message}`, options);
  }
  const advice = REFUSED.find(([codes]) => codes.test(code))?.[1];
  return advice === undefined
    ? error
    : new StorageOpenError(`PostgreSQL refuses: ${message}. ${advice}`, options);
}

/** The client reports some of its own failures by their text alone. */
function isOfNetwork(code: string, message: string): boolean {
  return code === '' && NETWORK_MESSAGE.test(message);
}

export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
