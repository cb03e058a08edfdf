import { setTimeout as wait } from 'node:timers/promises';

/** Asks until the answer is there, for so many milliseconds at most. */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  within = 15_000,
): Promise<T> {
  const deadline = performance.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`Not within ${within} ms: ${what}`);
    await wait(5);
  }
}
