import { StorageOpenError } from '../../../core/errors.js';
import type { SqliteDatabase, SqliteDriver } from './sqlite-client.js';
import { translate } from './sqlite-errors.js';

const PREFERENCE: readonly SqliteDriver[] = ['node:sqlite', 'better-sqlite3', 'libsql'];

type Open = (path: string) => SqliteDatabase;

/** Opens a file with the driver named, or with the first that this process has. Throws `StorageOpenError`. */
export async function openDatabase(path: string, driver?: SqliteDriver): Promise<SqliteDatabase> {
  const open = await loadDriver(driver === undefined ? PREFERENCE : [driver]);
  try {
    return open(path);
  } catch (error) {
    const translated = translate(error, path);
    if (translated !== error) throw translated;
    // better-sqlite3 checks the directory itself and throws a TypeError.
    throw new StorageOpenError(`${path} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

/** The first of these libraries that this process has. Throws `StorageOpenError`. */
export async function loadDriver(drivers: readonly SqliteDriver[] = PREFERENCE): Promise<Open> {
  const problems: string[] = [];
  for (const driver of drivers) {
    try {
      return await load(driver);
    } catch (error) {
      problems.push(`${driver}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  throw new StorageOpenError(
    `No SQLite driver was found. Run \`npm install libsql\` or \`npm install better-sqlite3\`, ` +
      `or use a Node that has node:sqlite (${problems.join('; ')})`,
  );
}

async function load(driver: SqliteDriver): Promise<Open> {
  // Names in variables, so that compilers do not ask for packages that an application does without.
  const name: string = driver;
  const module = (await import(name)) as Readonly<Record<string, unknown>>;
  const Database = (module.DatabaseSync ?? module.default) as new (path: string) => SqliteDatabase;
  return (path) => new Database(path);
}
