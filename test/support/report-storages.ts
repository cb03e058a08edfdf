import type { Capabilities } from '../../lib/storage/capabilities.js';
import { servers, type Servers } from './servers/servers.js';
import { ALL_STORAGES, CHOSEN_STORAGES, REQUIRED_STORAGES, STORAGES, type StorageRow } from './storages.js';

// Vitest loads this file anew for each project that names it; the process is what they share.
const shared = globalThis as { areStoragesReported?: boolean };

/**
 * Tells, once and before any test, which storages run and what each can do. A storage that was left out without a
 * word is the worst result of all: then what is required fails here.
 */
export default async function reportStorages(): Promise<void> {
  if (!shared.areStoragesReported) {
    const lines = await Promise.all(ALL_STORAGES.map(describeStorage));
    process.stdout.write(`\nStorages:\n${lines.join('\n')}\n\n`);
  }
  shared.areStoragesReported = true;
  const missing = REQUIRED_STORAGES.filter((name) => !STORAGES.some((row) => row.name === name));
  if (missing.length > 0) throw new Error(`Required, but not tested: ${missing.join(', ')}`);
}

async function describeStorage(row: StorageRow): Promise<string> {
  if (row.unavailable !== undefined) return `  ${row.name}: not tested, ${row.unavailable}`;
  if (!CHOSEN_STORAGES.includes(row.name)) return `  ${row.name}: not tested, STORAGES leaves it out`;
  const subject = await row.create();
  const { capabilities } = subject.create();
  await subject.dispose();
  return `  ${row.name}: tested${whereOf(row)}; ${listOf(capabilities)}`;
}

/** A server that nobody else uses, with settings for speed, is worth a word: it is not what production has. */
function whereOf({ name }: StorageRow): string {
  const server = servers[name as keyof Servers] as Servers[keyof Servers] | undefined;
  return server !== undefined && 'url' in server && server.isPrivate ? ' on a private server' : '';
}

function listOf(capabilities: Capabilities): string {
  const names = Object.entries(capabilities);
  const can = names.flatMap(([name, has]) => (has ? [name] : []));
  const cannot = names.flatMap(([name, has]) => (has ? [] : [name]));
  return `${can.join(', ')}${cannot.length > 0 ? `; without ${cannot.join(', ')}` : ''}`;
}
