import { converse } from './converse.js';
import type { Answer } from './private-server.js';
import { redisCommand } from './redis-command.js';

/** Whether a Redis, or a server that speaks like it, lets this URL in and is ready to work. */
export async function askRedis(url: string): Promise<Answer> {
  const parsed = new URL(url);
  const user = decodeURIComponent(parsed.username);
  const password = decodeURIComponent(parsed.password);
  const database = parsed.pathname.slice(1);
  const commands = [
    ...(password === '' ? [] : [['AUTH', ...(user === '' ? [] : [user]), password]]),
    ...(database === '' ? [] : [['SELECT', database]]),
    ['INFO', 'server'],
  ];
  return converse(parsed, 6379, commands.map(redisCommand).join(''), understand);
}

function understand(heard: Buffer): Answer | undefined {
  const text = heard.toString();
  const problem = /^-(.+)\r\n/m.exec(text)?.[1];
  if (problem !== undefined) return { problem };
  const version = /^redis_version:(\S+)\r\n/m.exec(text)?.[1];
  return version === undefined ? undefined : { version };
}
