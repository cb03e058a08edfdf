import { RedisStorage } from 'nestjs-background-jobs/redis';

const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

/** Of all keys of this sample. */
export const PREFIX = process.env.JOBS_PREFIX ?? 'sample-03';

/** Where it is, without a password that may be in the URL. */
export const PLACE = new URL(REDIS_URL).host;

/** The one line that would be another one on another storage. */
export const storage = () => new RedisStorage({ url: REDIS_URL, prefix: PREFIX });
