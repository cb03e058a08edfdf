export { SqliteStorage } from './sqlite-storage.js';
export type { SqliteStorageOptions } from './sqlite-options.js';
export type { SqliteDatabase, SqliteDriver } from './connection/sqlite-client.js';
