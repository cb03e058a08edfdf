import { StorageFullError, StorageOpenError, StorageUnavailableError } from '../../../core/errors.js';

/** The server forgot a script, or never saw it: sent whole, it works. */
export function isUnknownScript(error: unknown): boolean {
  return messageOf(error).startsWith('NOSCRIPT');
}

/** The lanes that the caller numbered are not those of the data any more. */
export function isStale(error: unknown): boolean {
  return messageOf(error).includes('STALE lanes');
}

// Older servers put the error of a script's command behind a text of their own.
const UNAVAILABLE =
  /\b(READONLY|LOADING|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MISCONF|BUSY|UNKILLABLE|MOVED|ASK)\b/;
const CONNECTION =
  /Connection is closed|Stream isn't writeable|Reached the max retries|ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|socket|Command timed out|Failed to refresh slots|None of startup nodes/i;

/** The error a caller can act on; what we do not know is passed on as it is. */
export function translate(error: unknown): unknown {
  const message = messageOf(error);
  const options = { cause: error };
  if (/\bOOM command not allowed/.test(message)) {
    return new StorageFullError(
      'Redis has reached its maxmemory. Nothing of this write was kept. Raise maxmemory, or let jobs run and records be pruned',
      options,
    );
  }
  if (message.includes('WRONGTYPE')) {
    return new StorageOpenError(
      `A key of another owner stands where the jobs are kept. Give RedisStorage a prefix of its own: ${message}`,
      options,
    );
  }
  if (/\b(NOAUTH|WRONGPASS|NOPERM)\b/.test(message)) {
    return new StorageOpenError(`Redis does not let this user in: ${message}`, options);
  }
  if (/CROSSSLOT|non local key/.test(message)) {
    return new StorageOpenError(
      `This cluster does not keep the keys of one prefix together: ${message}`,
      options,
    );
  }
  if (UNAVAILABLE.test(message) || CONNECTION.test(message) || hasConnectionCode(error)) {
    return new StorageUnavailableError(`Redis cannot do this now: ${message}`, options);
  }
  return error;
}

function hasConnectionCode(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^(E[A-Z]+|ERR_SOCKET|ERR_TLS)/.test(code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
