import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, it } from 'vitest';
import { filesIn, ROOT } from './project.js';

const PAGES = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'bench/README.md', ...filesIn('docs', '.md')];

it('every link of a page leads to a file that is there, and to a heading that it has', () => {
  const broken = PAGES.flatMap((page) => brokenLinks(page, read(page)));
  expect(broken).toEqual([]);
});

it('every guide is in the README and in the index', () => {
  const guides = filesIn('docs/guides', '.md');
  expect(guides).not.toEqual([]);
  for (const page of ['README.md', 'docs/README.md']) {
    const linked = linksOf(read(page)).map((link) => targetOf(page, link).file);
    expect(
      guides.filter((guide) => !linked.includes(guide)),
      page,
    ).toEqual([]);
  }
});

it('notices a link that leads nowhere', () => {
  const text =
    '[a](docs/nowhere.md) [b](CONTRIBUTING.md#nothing) [c](README.md) `[d](x.md)` [e](https://x.example)';
  expect(brokenLinks('README.md', text)).toEqual([
    'README.md: docs/nowhere.md',
    'README.md: CONTRIBUTING.md#nothing',
  ]);
  expect(headingsOf('## `wait(id)`: What, and why\n')).toEqual(['waitid-what-and-why']);
});

function brokenLinks(page: string, text: string): string[] {
  return linksOf(text)
    .filter((link) => {
      const { file, heading } = targetOf(page, link);
      if (!existsSync(ROOT + file)) return true;
      return heading !== undefined && !headingsOf(read(file)).includes(heading);
    })
    .map((link) => `${page}: ${link}`);
}

/** Of links within the repository. What stands in code is no link. */
function linksOf(text: string): string[] {
  const prose = text.replace(/^ *```[^]*?^ *```/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
}

function targetOf(page: string, link: string): { readonly file: string; readonly heading?: string } {
  const [path = '', heading] = link.split('#');
  const file = path === '' ? page : posix.join(posix.dirname(page), path);
  return heading === undefined ? { file } : { file, heading };
}

/** As they are named in links: small letters, hyphens for spaces, nothing else. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function read(page: string): string {
  return readFileSync(ROOT + page, 'utf8');
}
