import { readdirSync, readFileSync } from 'node:fs';

/** Of the kernel's times, on every Linux. */
const TICKS_PER_SECOND = 100;

interface Times {
  readonly name: string;
  readonly parent: number;
  readonly own: number;
  /** Of its children that ended. */
  readonly ended: number;
}

/**
 * Milliseconds of CPU used by a PostgreSQL server since it started, all its processes together, from the number of
 * any of its sessions. Undefined where there is no /proc, or the session is not of this machine.
 */
export function postmasterCpu(session: number): number | undefined {
  const parent = timesOf(session)?.parent;
  const postmaster = parent === undefined ? undefined : timesOf(parent);
  if (postmaster === undefined || !/postgres|postmaster/.test(postmaster.name)) return undefined;
  const living = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => timesOf(Number(entry)))
    .filter((times) => times?.parent === parent);
  const ticks = living.reduce((sum, times) => sum + (times?.own ?? 0), postmaster.own + postmaster.ended);
  return (ticks * 1000) / TICKS_PER_SECOND;
}

function timesOf(pid: number): Times | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces and brackets; what follows it does not.
    const end = line.lastIndexOf(')');
    const [, parent, ...rest] = line
      .slice(end + 2)
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, userOfEnded = 0, systemOfEnded = 0] = rest.slice(9);
    return {
      name: line.slice(line.indexOf('(') + 1, end),
      parent: parent ?? 0,
      own: user + system,
      ended: userOfEnded + systemOfEnded,
    };
  } catch {
    return undefined;
  }
}
