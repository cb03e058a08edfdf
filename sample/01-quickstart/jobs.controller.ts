import { Controller, Delete, Get, NotFoundException, Param } from '@nestjs/common';
import { QueueHandle } from 'nestjs-background-jobs';

/** What became of the jobs. */
@Controller('jobs')
export class JobsController {
  constructor(private readonly jobs: QueueHandle) {}

  @Get()
  queues() {
    return this.jobs.stats();
  }

  @Get(':id')
  async job(@Param('id') id: string) {
    const job = await this.jobs.info(id);
    if (!job) throw new NotFoundException(`No job ${id}`);
    return job;
  }

  @Delete(':id')
  async cancel(@Param('id') id: string) {
    return { result: await this.jobs.cancel(id) };
  }
}
