export { RedisStorage } from './redis-storage.js';
export type { RedisStorageOptions } from './redis-storage-options.js';
export type { RedisClient } from './connection/redis-client.js';
