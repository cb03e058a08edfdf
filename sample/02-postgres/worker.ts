import { NestFactory } from '@nestjs/core';
import { WorkerModule } from './worker/worker.module.js';

// No HTTP server: a worker listens to nobody but its storage.
const app = await NestFactory.createApplicationContext(WorkerModule);
app.enableShutdownHooks();
