import {
  Controller,
  Injectable,
  Post,
  Scope,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplicationContext,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { BackgroundJobsModule, Job, JobContext, QueueHandle } from 'nestjs-background-jobs';
import { expect, it, onTestFinished } from 'vitest';
import { Trace, TraceLogger } from './trace.js';

@Injectable({ scope: Scope.REQUEST })
class Asked {
  /** Of the job, if it is one that is asked for. */
  readonly id: string | undefined;

  constructor(context: JobContext) {
    this.id = (context as JobContext | undefined)?.id;
  }
}

@Injectable({ scope: Scope.REQUEST })
class Both implements CanActivate {
  constructor(
    private readonly asked: Asked,
    private readonly trace: Trace,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    this.trace.add(`guard ${context.getType<string>()} ${this.asked.id ? 'of a job' : 'of no job'}`);
    return true;
  }
}

@Injectable()
class OnlyHttp implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ method: string }>().method === 'POST';
  }
}

@UseGuards(Both)
@Job({ name: 'guarded', inject: [Trace] })
class Guarded {
  run(trace: Trace): void {
    trace.add('run');
  }
}

@Controller()
class Requests {
  constructor(private readonly queue: QueueHandle) {}

  @UseGuards(Both)
  @Post()
  async request(): Promise<void> {
    await this.queue.queue(new Guarded());
  }
}

function builder() {
  return Test.createTestingModule({
    imports: [BackgroundJobsModule.forRoot()],
    controllers: [Requests],
    providers: [Asked, Guarded, Trace, { provide: APP_GUARD, useClass: OnlyHttp }],
  }).setLogger(new TraceLogger());
}

function closedAfterwards<App extends INestApplicationContext>(app: App): App {
  onTestFinished(() => app.close());
  return app;
}

it.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
])('one guard, request-scoped, serves requests and jobs of an application on %s', async (_name, adapter) => {
  const testing = await builder().compile();
  const app = closedAfterwards(testing.createNestApplication(adapter()));
  await app.listen(0, '127.0.0.1');
  const answer = await fetch(await app.getUrl(), { method: 'POST' });
  expect(answer.status).toBe(201);
  const trace = app.get(Trace);
  await trace.until('run');
  expect(trace.lines).toEqual(['guard http of no job', 'guard job of a job', 'run']);
});

it('a guard stands around the jobs of an application without a server', async () => {
  const app = closedAfterwards(await builder().compile());
  await app.init();
  await app.get(QueueHandle).queue(new Guarded());
  const trace = app.get(Trace);
  await trace.until('run');
  expect(trace.lines).toEqual(['guard job of a job', 'run']);
});
