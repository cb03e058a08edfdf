import { setTimeout as wait } from 'node:timers/promises';

/** Asks again and again until the answer is there; fails with what it last saw, never waits for ever. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  { within = 15_000, seen }: { readonly within?: number; readonly seen?: () => string } = {},
): Promise<T> {
  const deadline = performance.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) {
      throw new Error(`Not within ${within} ms: ${what}${seen ? `\n${seen()}` : ''}`);
    }
    await wait(10);
  }
}
