import { StorageOpenError } from '../../../core/errors.js';
import type { RedisConnection } from './redis-connection.js';
import { warnOnce } from './warning.js';

const OLDEST: readonly [major: number, minor: number] = [6, 2];

/**
 * What the durability of jobs depends on, and what the scripts need. Servers that do not tell, as some managed ones,
 * are used with a warning.
 */
export async function checkServer(connection: RedisConnection): Promise<void> {
  const info = await infoOf(connection);
  if (info === undefined) {
    return warnOnce(
      '',
      'JOBS_REDIS_UNCHECKED',
      'This Redis does not allow INFO. Jobs are safe only with maxmemory-policy noeviction and persistence: please see to both',
    );
  }
  checkVersion(info.get('redis_version'));
  const server = info.get('run_id') ?? '';
  checkPolicy(server, info.get('maxmemory_policy'));
  if (info.get('aof_enabled') === '0') {
    warnOnce(
      server,
      'JOBS_REDIS_NO_AOF',
      'This Redis has no append-only file: a restart of the server loses the jobs since its last snapshot. Set appendonly yes',
    );
  }
}

async function infoOf(connection: RedisConnection): Promise<Map<string, string> | undefined> {
  let text: unknown;
  try {
    text = await connection.command('info');
  } catch (error) {
    const { cause, message } = error as Error;
    if (!/NOPERM|unknown command|not allowed|disabled/i.test(`${message} ${String(cause)}`)) throw error;
    return undefined;
  }
  const lines = String(text)
    .split(/\r?\n/)
    .map((line) => line.split(':'));
  return new Map(lines.flatMap(([field, value]) => (field && value !== undefined ? [[field, value]] : [])));
}

function checkVersion(version: string | undefined): void {
  if (version === undefined) return;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new StorageOpenError(
    `Redis ${version} is too old: RedisStorage needs Redis ${OLDEST.join('.')} or Valkey`,
  );
}

function checkPolicy(server: string, policy: string | undefined): void {
  if (policy === undefined) {
    return warnOnce(
      server,
      'JOBS_REDIS_UNCHECKED',
      'This Redis does not tell its maxmemory-policy. With any but noeviction it may drop jobs: please see to it',
    );
  }
  if (policy === 'noeviction') return;
  throw new StorageOpenError(
    `This Redis may drop jobs when memory is short: its maxmemory-policy is ${policy}. Set it to noeviction`,
  );
}
