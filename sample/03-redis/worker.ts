import { NestFactory } from '@nestjs/core';
import { Tally } from './tally.js';
import { WorkerModule } from './worker.module.js';

const TELL_EVERY = 1_000;

// No server: a worker listens to nobody but its storage.
const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ['warn', 'error'] });
app.enableShutdownHooks();

const tally = app.get(Tally);
setInterval(() => process.send?.(tally.take()), TELL_EVERY).unref();
// Whoever started this process is gone, and so is the reason for it.
process.once('disconnect', () => void app.close().then(() => process.exit()));
