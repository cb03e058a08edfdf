import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PLACE } from './database.js';
import { prepareShop } from './shop/prepare-shop.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

try {
  await prepareShop();
} catch (error) {
  process.stdout.write(`This sample needs a PostgreSQL, and there is none that it can use at ${PLACE}:

  ${messageOf(error)}

Start one (docker run --rm -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust postgres), or name yours:
POSTGRES_URL=postgres://user:password@host:5432/database
`);
  process.exit(1);
}

// Two processes, as they would be in two containers: the API can be restarted, or doubled, without the worker.
const processes = [start('worker.js'), start('api.js')];
for (const signal of SIGNALS) {
  process.on(signal, () => {
    for (const child of processes) child.kill(signal);
  });
}
// One alone is no shop.
const [code] = (await Promise.race(processes.map((child) => once(child, 'exit')))) as [number | null];
process.exitCode = code ?? 0;
for (const child of processes) child.kill('SIGTERM');

function start(file: string): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)));
}

/** A refused connection to several addresses is reported without a message of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('\n  ');
  return error instanceof Error ? error.message : String(error);
}
