import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { dirname, join, delimiter } from 'node:path';

/** The first program of these names on a PATH. */
export function programOnPath(
  names: readonly string[],
  path = process.env['PATH'] ?? '',
): string | undefined {
  const places = path.split(delimiter).filter((folder) => folder !== '');
  return places.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram);
}

/** Where Debian keeps PostgreSQL, one folder for each major version and none of them on the PATH. */
const POSTGRES_ROOT = '/usr/lib/postgresql';

/**
 * Folders with `postgres` and `initdb`: the one on the PATH, then the installed versions, newest first. A link on the
 * PATH is followed, since its neighbours need not be linked too.
 */
export function postgresFolders(path = process.env['PATH'], root = POSTGRES_ROOT): readonly string[] {
  const onPath = programOnPath(['postgres'], path);
  const versions = entriesOf(root).toSorted((a, b) => Number(b) - Number(a));
  const folders = versions.map((version) => join(root, version, 'bin'));
  return [...(onPath === undefined ? [] : [dirname(realpathSync(onPath))]), ...folders].filter(
    (folder) => isProgram(join(folder, 'postgres')) && isProgram(join(folder, 'initdb')),
  );
}

/** Whom a server runs as that refuses to be root. Undefined when this process is not root. */
export function userInsteadOfRoot(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  return undefined;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function idOf(kind: '-u' | '-g', name: string): number | undefined {
  try {
    return Number(execFileSync('id', [kind, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return undefined;
  }
}
