import { afterEach, beforeEach } from 'vitest';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Nothing listens for signals as a test starts; what listened before does so again after it. */
export function signalsOfOurOwn(): void {
  const others = SIGNALS.map((signal) => process.listeners(signal));
  beforeEach(removeAll);
  afterEach(() => {
    removeAll();
    SIGNALS.forEach((signal, index) => others[index]?.forEach((other) => process.on(signal, other)));
  });
}

function removeAll(): void {
  for (const signal of SIGNALS) process.removeAllListeners(signal);
}
