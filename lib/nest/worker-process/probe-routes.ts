import type { INestApplicationContext } from '@nestjs/common';
import { JobHealthIndicator } from '../health/job-health-indicator.js';
import { JobMetrics } from '../prometheus/job-metrics.js';
import { everyInstance } from './every-instance.js';
import type { ProbeAnswer, ProbeRoutes } from './probe-server.js';

type Report = Readonly<Record<string, { readonly status: 'up' | 'down' }>>;

const ALIVE: Report = { jobs: { status: 'up' } };
const STARTING: Report = { jobs: { status: 'down' } };

/** What is answered where. `current`: the application, once it has booted. */
export function probeRoutes(
  current: () => INestApplicationContext | undefined,
  metrics: boolean,
): ProbeRoutes {
  const ask = async (
    meanwhile: Report,
    probe: (health: JobHealthIndicator, key: string) => Promise<Report>,
  ): Promise<ProbeAnswer> => {
    const app = current();
    if (app === undefined) return toAnswer(meanwhile);
    const reports = everyInstance(app, JobHealthIndicator).map(({ name, part }) =>
      probe(part, name === undefined ? 'jobs' : `jobs(${name})`),
    );
    return toAnswer(Object.assign({}, ...(await Promise.all(reports))) as Report);
  };
  return {
    // A boot may take its time for migrations, and no restart would make it shorter.
    '/livez': () => ask(ALIVE, (health, key) => health.isAlive(key)),
    '/readyz': () => ask(STARTING, (health, key) => health.isReady(key)),
    ...(metrics ? { '/metrics': () => scrape(current()) } : {}),
  };
}

/** Of all instances. Throws `InvalidOptionError` where nothing can be shown of them, or not together. */
export function registriesOf(app: INestApplicationContext): ReturnType<typeof JobMetrics.together> {
  return JobMetrics.together(everyInstance(app, JobMetrics).map(({ part }) => part));
}

async function scrape(app: INestApplicationContext | undefined): Promise<ProbeAnswer> {
  if (app === undefined) return toAnswer(STARTING);
  const registries = registriesOf(app);
  const texts = await Promise.all(registries.map((registry) => registry.metrics()));
  return { status: 200, contentType: registries[0]?.contentType ?? '', body: texts.join('\n') };
}

function toAnswer(report: Report): ProbeAnswer {
  const isUp = Object.values(report).every(({ status }) => status === 'up');
  return { status: isUp ? 200 : 503, contentType: 'application/json', body: JSON.stringify(report) };
}
