import { UseGuards } from '@nestjs/common';
import { expect, it } from 'vitest';
import type { JobContext } from '../../../lib/core/job-context.js';
import { defineJob, type JobClass } from '../../../lib/core/job-definition.js';
import { NO_ENHANCERS } from '../../../lib/nest/enhancers/enhancer-list.js';
import { enhanceRun } from '../../../lib/nest/enhancers/enhancer-plan.js';
import type { RunPlan } from '../../../lib/nest/injection/injection-plan.js';
import type { HostModule } from '../../../lib/nest/container/module-place.js';

class Plain {
  run(): void {}
}

@UseGuards({ canActivate: () => true })
class Guarded {
  run(): void {}
}

const plan: RunPlan = { run: (job) => (job as Plain).run(), lifetime: 'static' };

function entryOf(jobClass: JobClass) {
  const definition = defineJob<object>(jobClass, { name: jobClass.name });
  // Of the module, only enhancers that are classes want to know.
  return { by: 'run', definition, job: { definition, host: {} as HostModule } } as const;
}

it('what the runner calls for a job without enhancers is what it called before there were any', async () => {
  expect(await enhanceRun(entryOf(Plain), plan, NO_ENHANCERS)).toBe(plan.run);
});

it('a job with an enhancer is run within it', async () => {
  const run = await enhanceRun(entryOf(Guarded), plan, NO_ENHANCERS);
  expect(run).not.toBe(plan.run);
  await expect(Promise.resolve(run(new Guarded(), {} as JobContext))).resolves.toBeUndefined();
});
