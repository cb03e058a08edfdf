import { StorageFullError, StorageOpenError, StorageUnavailableError } from '../../../core/errors.js';

const NAMES: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  26: 'SQLITE_NOTADB',
};

/** Somebody else writes at this moment: the same call works a little later. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return true;
  // The application has a transaction of its own open on the database that it lent us.
  return /within a transaction/.test(messageOf(error));
}

/** The error a caller can act on; what we do not know is passed on as it is. */
export function translate(error: unknown, file: string): unknown {
  const code = codeOf(error);
  const options = { cause: error };
  if (isBusy(error)) {
    return new StorageUnavailableError(`${file} has been locked by another writer for too long`, options);
  }
  if (code.startsWith('SQLITE_FULL') || /disk.* full|ENOSPC/i.test(messageOf(error))) {
    return new StorageFullError(`There is no room left for ${file}. Nothing of this write was kept`, options);
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return new StorageUnavailableError(`${file} cannot be read or written: ${messageOf(error)}`, options);
  }
  const advice = OPEN_ADVICE.find(([prefix]) => code.startsWith(prefix))?.[1];
  return advice === undefined
    ? error
    : new StorageOpenError(`${file} ${advice}: ${messageOf(error)}`, options);
}

const OPEN_ADVICE: readonly (readonly [prefix: string, advice: string])[] = [
  ['SQLITE_CANTOPEN', 'cannot be opened. Its directory must exist and be writable'],
  ['SQLITE_READONLY', 'cannot be written. The file and its directory must be writable'],
  ['SQLITE_NOTADB', 'is not a SQLite database. Give the path of another file'],
  ['SQLITE_CORRUPT', 'is damaged. Restore it from a backup'],
];

/** better-sqlite3 and libsql name the code, node:sqlite numbers it. */
function codeOf(error: unknown): string {
  const { code, errcode, rawCode } = (error ?? {}) as {
    code?: unknown;
    errcode?: unknown;
    rawCode?: unknown;
  };
  if (typeof code === 'string' && code.startsWith('SQLITE_')) return code;
  const number = typeof errcode === 'number' ? errcode : rawCode;
  const named = typeof number === 'number' ? NAMES[number & 0xff] : undefined;
  return named ?? guess(messageOf(error));
}

// libsql reports some failures to open by their text alone.
function guess(message: string): string {
  if (/database is locked/i.test(message)) return 'SQLITE_BUSY';
  if (/unable to open .*database/i.test(message)) return 'SQLITE_CANTOPEN';
  if (/not a database/i.test(message)) return 'SQLITE_NOTADB';
  if (/readonly database/i.test(message)) return 'SQLITE_READONLY';
  return '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
