/**
 * A whole number of milliseconds from 0 to `jitter` that is always the same for a key: as good as random between
 * keys, so that many schedules of one time do not fire in one instant, and the same in every process.
 */
export function stableJitter(key: string, jitter: number): number {
  let hash = 0;
  for (let index = 0; index < key.length; index++) {
    hash = mix(hash ^ key.charCodeAt(index));
  }
  return Math.floor((hash / 2 ** 32) * (jitter + 1));
}

// Keys often differ in their last character only: each bit has to reach all others.
function mix(value: number): number {
  let mixed = Math.imul(value + 0x9e3779b9, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
