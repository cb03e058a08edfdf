import type { Storage } from '../../storage/storage.js';

/** Hears which queues a storage tells of. */
export function newsOf(storage: Storage) {
  const queues = new Set<string>();
  let ofAll = false;
  storage.subscribe((signal) => {
    if (signal.kind !== 'ready') return;
    if (signal.queues === undefined) ofAll = true;
    for (const queue of signal.queues ?? []) queues.add(queue);
  });
  return {
    tells: (queue: string) => ofAll || queues.has(queue),
    clear() {
      queues.clear();
      ofAll = false;
    },
  };
}
