import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * A file that is always whole: each write goes to another one, which then takes its place. What is asked for while one
 * write is under way is written together by the next.
 */
export class JsonFile {
  readonly #path: string;
  readonly #flush: boolean;
  #text: string | undefined;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `flush`: whether a write waits for the disk. */
  constructor(path: string, flush: boolean) {
    this.#path = path;
    this.#flush = flush;
  }

  /** `undefined` where there is no file yet. */
  async read(): Promise<string | undefined> {
    try {
      return await readFile(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Resolves once what `text` returns from now on is on the disk. */
  write(text: () => string): Promise<void> {
    if (this.#current === undefined && this.#next === undefined) return this.#begin(text);
    this.#next ??= Promise.resolve(this.#current?.catch(() => {})).then(() => this.#begin(text));
    return this.#next;
  }

  /** Resolves when all that was asked for is over, however it went. */
  async settled(): Promise<void> {
    for (let last = this.#next ?? this.#current; last; last = this.#next ?? this.#current) {
      await last.catch(() => {});
    }
  }

  #begin(text: () => string): Promise<void> {
    this.#next = undefined;
    this.#current = this.#replace(text()).finally(() => (this.#current = undefined));
    return this.#current;
  }

  async #replace(text: string): Promise<void> {
    if (text === this.#text) return;
    const written = `${this.#path}.new`;
    const handle = await open(written, 'w');
    try {
      await handle.writeFile(text);
      if (this.#flush) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(written, this.#path);
    if (this.#flush) await syncFolder(dirname(this.#path));
    this.#text = text;
  }
}

/** A new name in a folder is on the disk once the folder is. Windows has no such call. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
