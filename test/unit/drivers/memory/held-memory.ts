import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of the heap that the action leaves behind, garbage collected. */
export async function heldAfter(action: () => Promise<unknown>): Promise<number> {
  const before = heap();
  await action();
  return heap() - before;
}

function heap(): number {
  for (let round = 0; round < 3; round += 1) collect();
  return process.memoryUsage().heapUsed;
}
