import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export type MeasureName =
  | 'drain'
  | 'enqueue-1'
  | 'enqueue-100'
  | 'enqueue-batch'
  | 'latency'
  | 'latency-across'
  | 'steady'
  | 'growth'
  | 'growth-empty'
  | 'groups'
  | 'memory'
  | 'producers';

export type SystemName =
  | 'ours-memory'
  | `nest-guarding-${'none' | 'others' | 'these'}`
  | 'raw-memory'
  | `${'ours' | 'raw'}-${'sqlite' | 'postgres' | 'redis'}-${'keeping' | 'removing'}`
  | 'ours-postgres-silent';

/** What SQLite does at a commit: `full` waits for the disk, `normal` may lose the last commits with the power. */
export type Durability = 'full' | 'normal';

/** One measurement to take. */
export interface Trial {
  readonly measure: MeasureName;
  readonly system: SystemName;
  readonly jobs: number;
  /** Runs at once. @default 10 */
  readonly concurrency?: number;
  /** Jobs that lie there while `jobs` are run: what kinds of them, the measure says. */
  readonly backlog?: number;
  /** Which the jobs are spread over, one after the other. */
  readonly groups?: number;
  readonly durability: Durability;
}

/** What was measured: a number per name, such as `perSecond`. */
export type Figures = Readonly<Record<string, number>>;

export interface Measurement {
  readonly settings: string;
  readonly figures: Figures;
}

/** Takes it in a process of its own, so that no measurement finds the heap and the compiled code of another. */
export async function take(trial: Trial): Promise<Measurement> {
  const entry = fileURLToPath(new URL('child.js', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', entry, JSON.stringify(trial)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  const [output, code] = await Promise.all([text(child.stdout), ended]);
  if (code === 0) return JSON.parse(output) as Measurement;
  throw new Error(`${trial.measure} of ${trial.system} ended with code ${code}`);
}
