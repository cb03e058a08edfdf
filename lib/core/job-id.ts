import type { Chance, Clock } from './clock.js';

const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
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
    putTime(time);
    put(14, 0x70 | (sequence >>> 8));
    put(16, sequence);
    put(19, 0x80 | (take() & 0x3f));
    put(21, take());
    for (let at = 24; at < 36; at += 2) put(at, take());
    return String.fromCharCode(...codes);
  };
}

// Filled and turned into text at once: text put together from pieces keeps its pieces, which is most of what a
// job would take in memory.
const codes = Array.from({ length: 36 }, () => '-'.charCodeAt(0));
let codesTime = -1;

function putTime(time: number): void {
  if (time === codesTime) return;
  codesTime = time;
  const high = Math.floor(time / 0x1_0000_0000);
  const low = time >>> 0;
  put(0, high >>> 8);
  put(2, high);
  put(4, low >>> 24);
  put(6, low >>> 16);
  put(9, low >>> 8);
  put(11, low);
}

function put(at: number, value: number): void {
  codes[at] = HEX[(value >>> 4) & 0xf] as number;
  codes[at + 1] = HEX[value & 0xf] as number;
}
