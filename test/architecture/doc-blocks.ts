import { readFileSync } from 'node:fs';
import { ROOT } from './project.js';

/** One fenced block of code of a page. */
export interface Block {
  readonly page: string;
  /** The line of the page that its first line is. */
  readonly line: number;
  readonly code: string;
  /** What stands behind the language: nothing, `ignore: why` or `from file`. */
  readonly note: string;
}

const FENCE = /^ *```(\S*) *(.*)$/;

/** The blocks of TypeScript of a page, in their order. */
export function blocksOf(page: string, text = readFileSync(ROOT + page, 'utf8')): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; language: string; note: string; code: string[] } | undefined;
  for (const [nth, line] of text.split('\n').entries()) {
    const [, language = '', note = ''] = FENCE.exec(line) ?? [];
    if (!FENCE.test(line)) open?.code.push(line);
    else if (open === undefined) open = { line: nth + 2, language, note, code: [] };
    else {
      // One name for the language, so that no block escapes by another.
      if (/^(js|javascript|typescript|tsx|mts)$/i.test(open.language)) {
        throw new Error(`${page}:${open.line - 1} write \`\`\`ts, not \`\`\`${open.language}`);
      }
      if (open.language === 'ts') {
        blocks.push({ page, line: open.line, code: open.code.join('\n'), note: open.note });
      }
      open = undefined;
    }
  }
  return blocks;
}

/** What is wrong with a block, but for what the compiler sees. */
export function problemOf({ page, line, code, note }: Block): string | undefined {
  const [, file] = /^from (\S+)$/.exec(note) ?? [];
  if (file !== undefined) {
    const isThere = readFileSync(ROOT + file, 'utf8').includes(`${code}\n`);
    return isThere ? undefined : `${page}:${line} is no piece of ${file}`;
  }
  if (/^ignore: \S+/.test(note)) return undefined;
  if (note === '') return code.includes('…') ? `${page}:${line} leaves something out` : undefined;
  return `${page}:${line - 1} '${note}' is neither 'ignore: why' nor 'from file'`;
}
