import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BackgroundJobsModule, Job, JobHandler, QueueHandle } from 'nestjs-background-jobs';
import { expect, it } from 'vitest';
import { Trace } from './trace.js';

@Job({ name: 'own', inject: [Trace] })
class Own {
  constructor(readonly label: string) {}

  run(trace: Trace): void {
    trace.add(`own ${this.label}`);
  }
}

@Job({ name: 'handled' })
class Handled {
  constructor(readonly label: string) {}
}

@JobHandler(Handled)
class Handler {
  constructor(private readonly trace: Trace) {}

  run(job: Handled): void {
    this.trace.add(`handled ${job.label}`);
  }
}

@Module({ imports: [BackgroundJobsModule.forRoot()], providers: [Trace, Own, Handler] })
class AppModule {}

/** As tracing tools do it: every instance is a proxy whose methods are other functions, the constructor included. */
function wrap(instance: unknown): unknown {
  if (typeof instance !== 'object' || instance === null) return instance;
  return new Proxy(instance, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function'
        ? (...values: unknown[]) => Reflect.apply(value, target, values)
        : value;
    },
  });
}

it('jobs and handlers are found and run in an application whose instances are wrapped', async () => {
  const app = await NestFactory.createApplicationContext(AppModule, {
    logger: false,
    abortOnError: false,
    instrument: { instanceDecorator: wrap },
  });
  await app.get(QueueHandle).queueAll([new Own('a'), new Handled('b')]);
  expect((await app.get(Trace).count('', 2)).toSorted()).toEqual(['handled b', 'own a']);
  await app.close();
});
