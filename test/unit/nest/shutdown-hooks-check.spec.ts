import { afterEach, beforeEach, expect, it } from 'vitest';
import { ShutdownHooksCheck } from '../../../lib/nest/lifecycle/shutdown-hooks-check.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

const others = process.listeners('SIGTERM');
const listener = () => {};

beforeEach(() => process.removeAllListeners('SIGTERM'));

afterEach(() => {
  process.removeAllListeners('SIGTERM');
  for (const other of others) process.on('SIGTERM', other);
});

function check() {
  const clock = new FakeClock();
  const warnings: string[] = [];
  const hooksCheck = new ShutdownHooksCheck(clock, (message) => warnings.push(message));
  hooksCheck.start();
  return { clock, warnings, hooksCheck };
}

it('says once what SIGTERM will do when nothing listens for it', async () => {
  const { clock, warnings } = check();
  await clock.advance(60_000);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/SIGTERM.*end this process at once.*app\.enableShutdownHooks\(\)/);
});

it('says nothing when the hooks are enabled just after the start', async () => {
  const { clock, warnings } = check();
  process.on('SIGTERM', listener);
  await clock.advance(60_000);
  expect(warnings).toEqual([]);
});

it('says nothing once the application has stopped', async () => {
  const { clock, warnings, hooksCheck } = check();
  hooksCheck.stop();
  await clock.advance(60_000);
  expect(warnings).toEqual([]);
});
