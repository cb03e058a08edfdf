import { cpus, loadavg } from 'node:os';

/** What the figures were taken on. */
export function machine(): string {
  const [cpu] = cpus();
  const load = loadavg()[0] ?? 0;
  return `${cpu?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, load ${load.toFixed(1)}, Node ${process.version}`;
}
