import type { INestApplicationContext } from '@nestjs/common';
import { JobHealthIndicator } from '../health/job-health-indicator.js';
import { JobMetrics } from '../prometheus/job-metrics.js';
import type { ProbeAnswer, ProbeRoutes } from './probe-server.js';

const STARTING = { jobs: { status: 'down', stage: 'starting', message: 'the application is starting' } };

/** What is answered where. `current`: the application, once it has booted. */
export function probeRoutes(
  current: () => INestApplicationContext | undefined,
  metrics: boolean,
): ProbeRoutes {
  const health = () => current()?.get(JobHealthIndicator);
  return {
    // A boot may take its time for migrations, and no restart would make it shorter.
    '/livez': async () => json((await health()?.isAlive('jobs')) ?? { jobs: { status: 'up' } }),
    '/readyz': async () => json((await health()?.isReady('jobs')) ?? STARTING),
    ...(metrics ? { '/metrics': () => scrape(current()) } : {}),
  };
}

async function scrape(app: INestApplicationContext | undefined): Promise<ProbeAnswer> {
  if (app === undefined) return json(STARTING);
  const metrics = app.get(JobMetrics);
  return { status: 200, contentType: metrics.contentType, body: await metrics.text() };
}

function json(report: { readonly jobs: { readonly status: string } }): ProbeAnswer {
  const status = report.jobs.status === 'up' ? 200 : 503;
  return { status, contentType: 'application/json', body: JSON.stringify(report) };
}
