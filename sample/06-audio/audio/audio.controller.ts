import { Body, Controller, Get, NotFoundException, Param, Post } from '@nestjs/common';
import { QueueHandle } from 'nestjs-background-jobs';
import { Transcode } from './transcode.job.js';

@Controller('audio')
export class AudioController {
  constructor(private readonly jobs: QueueHandle) {}

  @Post('transcode')
  transcode(@Body() { file = 'audio.mp3' }: { readonly file?: string } = {}) {
    return this.jobs.queue(new Transcode(file));
  }

  @Get(':id')
  async job(@Param('id') id: string) {
    const job = await this.jobs.info(id);
    if (!job) throw new NotFoundException(`No job ${id}`);
    return job;
  }
}
