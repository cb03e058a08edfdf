import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { storageContract } from '../../lib/testing/contract/contract.js';

const run = promisify(execFile);

it('the contract runs in the test runner of Node, each case under its name', async () => {
  const { stdout } = await run(
    process.execPath,
    ['--test', '--test-reporter=tap', 'sample/dist/07-storage/file-storage.test.js'],
    { cwd: new URL('../..', import.meta.url), maxBuffer: 2 ** 24 },
  );
  const numberOf = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(stdout)?.[1]);
  expect(numberOf('fail')).toBe(0);
  expect(numberOf('tests')).toBe(storageContract.length);
  expect(numberOf('skipped')).toBeLessThan(storageContract.length / 2);
  expect(stdout).toContain('# SKIP file declares that it has no flows');
});
