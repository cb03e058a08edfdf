import { expect, it } from 'vitest';
import { library, parse, type SourceFile } from './project.js';

/** What the oldest Redis that is promised, 6.2, knows: each command that we use, with the options that we give it. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  ...withoutOptions('DEL EXISTS GET INCRBY INFO PUBLISH SET SUBSCRIBE TIME TYPE EVAL EVALSHA'),
  ...withoutOptions('HDEL HEXISTS HGET HGETALL HINCRBY HMGET HSET HSETNX'),
  ...withoutOptions('LINDEX LLEN LPOP LRANGE LTRIM RPUSH SADD SCARD SMEMBERS SREM'),
  ...withoutOptions('ZCARD ZCOUNT ZPOPMIN ZREM ZREMRANGEBYRANK ZSCORE'),
  ZADD: ['GT', 'LT'],
  ZRANGE: ['BYLEX', 'BYSCORE', 'LIMIT', 'REV', 'WITHSCORES'],
  ZUNIONSTORE: ['WEIGHTS'],
};
const LUA_API = ['call', 'error_reply', 'pcall'];

it('no script and no call of the client needs a newer Redis than the oldest that is promised', () => {
  const files = library().filter(({ path }) => path.startsWith('lib/drivers/redis/'));
  expect(files.flatMap(commandsOf).length).toBeGreaterThan(300);
  expect(files.flatMap(unknownTo)).toEqual([]);
});

it('notices a command, an option and a part of the Lua API that are newer', () => {
  const planted = [
    "call('LMPOP', 1, line, 'LEFT')",
    "redis.pcall('EXPIRE', key, 10, 'NX')",
    "call('ZADD', key, 'NX', 1, call('GET', key))",
    "call('GET', call('SET', key, 1, 'KEEPTTL'))",
    'redis.acl_check_cmd(name)',
    '#!lua flags=allow-oom',
    'call(name, key)',
  ];
  for (const line of planted) expect(unknownTo(plantedIn(line)), line).not.toEqual([]);
  for (const line of ["connection.command('functions')", "client.call('hello', '3')"]) {
    expect(unknownTo(parse('lib/planted.ts', line)), line).not.toEqual([]);
  }
  const old = "local first = call('ZADD', key, 'LT', due, call('GET', 'ready')) -- as redis.call does";
  expect(unknownTo(plantedIn(old))).toEqual([]);
});

function unknownTo(file: SourceFile): string[] {
  const commands = commandsOf(file).filter(({ command, options }) => {
    const known = KNOWN[command];
    return known === undefined || options.some((option) => !known.includes(option));
  });
  const api = [...file.text.matchAll(/\bredis\.(\w+)/g)].map(([, member = '']) => member);
  return [
    ...commands.map(({ command, options }) => [command, ...options].join(' ')),
    ...api.filter((member) => !LUA_API.includes(member)),
    ...(file.text.match(/^#!lua.*/gm) ?? []),
  ].map((found) => `${file.path} ${found}`);
}

/** Options are words in capitals, up to the end of the line or the next call within it. A script names what it calls. */
function commandsOf({ path, text }: SourceFile) {
  return text
    .split(path.endsWith('.lua.ts') ? /\bp?call\(/ : /\b(?:p?call|command)\((?=')/)
    .slice(1)
    .map((rest) => {
      const [call = ''] = rest.split('\n', 1);
      const command = /^'(\w+)'/.exec(call)?.[1]?.toUpperCase() ?? call;
      const options = [...call.slice(command.length + 2).matchAll(/'([A-Z]{2,})'/g)].map(
        ([, option = '']) => option,
      );
      return { command, options };
    });
}

function withoutOptions(commands: string): Record<string, readonly string[]> {
  return Object.fromEntries(commands.split(' ').map((command) => [command, []]));
}

function plantedIn(line: string): SourceFile {
  return parse('lib/planted.lua.ts', `const PLANTED = \`\n${line}\n\`;`);
}
