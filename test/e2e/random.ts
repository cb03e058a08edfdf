const PRIME = 2_147_483_647;

/** Numbers from 0 up to 1, the same ones for the same seed. */
export function randomOf(seed: number): () => number {
  let state = (Math.abs(Math.trunc(seed)) % (PRIME - 1)) + 1;
  return () => {
    state = (state * 48_271) % PRIME;
    return (state - 1) / (PRIME - 1);
  };
}
