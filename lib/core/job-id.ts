import type { Chance, Clock } from './clock.js';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const POOL_SIZE = 10 * 256;
const LAST_SEQUENCE = 0xfff;

/**
 * Makes UUIDv7 ids. Ids of one generator sort in the order they were made, also within a millisecond: the 12
 * bits behind the time count up. The other 62 bits are random, so that processes need not know each other.
 */
export function createIdGenerator(clock: Clock, chance: Chance): () => string {
  const pool = new Uint8Array(POOL_SIZE);
  let used = POOL_SIZE;
  let time = 0;
  let sequence = 0;

  function take(): number {
    if (used === POOL_SIZE) {
      chance.fill(pool);
      used = 0;
    }
    return pool[used++] as number;
  }

  return () => {
    const now = clock.now();
    // A clock that was set back must not make ids that sort before the ones already given out.
    if (now > time) {
      time = now;
      sequence = take();
    } else if (sequence++ === LAST_SEQUENCE) {
      time += 1;
      sequence = take();
    }
    return format(time, sequence, take);
  };
}

function format(time: number, sequence: number, byte: () => number): string {
  const high = Math.floor(time / 0x1_0000_0000);
  const low = time >>> 0;
  return (
    hex(high >>> 8) + hex(high) + hex(low >>> 24) + hex(low >>> 16) + '-' + hex(low >>> 8) + hex(low) +
    '-' + hex(0x70 | (sequence >>> 8)) + hex(sequence) +
    '-' + hex(0x80 | (byte() & 0x3f)) + hex(byte()) +
    '-' + hex(byte()) + hex(byte()) + hex(byte()) + hex(byte()) + hex(byte()) + hex(byte())
  ); // prettier-ignore
}

function hex(value: number): string {
  return HEX[value & 0xff] as string;
}
