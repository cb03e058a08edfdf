export { PostgresStorage } from './postgres-storage.js';
export type { PostgresStorageOptions } from './postgres-options.js';
export type { PostgresPool } from './postgres-client.js';
