import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { entryPoints, filesIn, library, ROOT } from './project.js';

/** Drawers: what is put there is put nowhere, and soon everything is. */
const DRAWERS = /^(utils?|helpers?|common|types|interfaces|enums|constants|shared|base|misc)$/;

it('every entry point of the package has its source', () => {
  expect(entryPoints().filter((path) => !existsSync(ROOT + path))).toEqual([]);
});

it('an index.ts stands only where package.json exports it', () => {
  const indexes = library().filter(({ path }) => /(^|\/)index\.ts$/.test(path));
  expect(indexes.map(({ path }) => path).filter((path) => !entryPoints().includes(path))).toEqual([]);
});

it('drivers that outlive a process have the same rooms', () => {
  const roomsOf = (driver: string) => {
    const inside = filesIn(`lib/drivers/${driver}`, '.ts').map((path) => path.split('/').slice(3));
    return new Set(inside.flatMap(([room, file]) => (file === undefined ? [] : room)));
  };
  const rooms = roomsOf('sqlite');
  expect(rooms.size).toBeGreaterThan(5);
  expect(roomsOf('postgres')).toEqual(new Set([...rooms, 'transaction']));
  expect(roomsOf('redis')).toEqual(new Set([...rooms].map((room) => (room === 'schema' ? 'layout' : room))));
});

it('no folder or file is a drawer', () => {
  const isDrawer = (path: string) => path.split(/[/.]/).some((part) => DRAWERS.test(part));
  expect(library().filter(({ path }) => isDrawer(path.slice('lib/'.length)))).toEqual([]);
  expect(isDrawer('core/utils/x.ts') && isDrawer('core/types.ts')).toBe(true);
});

it('files are named in kebab-case', () => {
  const odd = filesIn('lib', '').filter(
    (path) => !/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(path.replaceAll('/', '')),
  );
  expect(odd).toEqual([]);
});
