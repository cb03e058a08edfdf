import {
  Backoff,
  BackgroundJobsModule,
  Job,
  MemoryStorage,
  type BackgroundJobsOptions,
  type BackgroundJobsOptionsFactory,
} from 'nestjs-background-jobs';

@Job({ name: 'resize' })
class Resize {
  constructor(readonly width: number) {}
}

class Factory implements BackgroundJobsOptionsFactory {
  create(): BackgroundJobsOptions {
    return { workers: false };
  }
}

BackgroundJobsModule.forRoot();
BackgroundJobsModule.forRoot({
  storage: new MemoryStorage(),
  workers: { default: 16, mail: { concurrency: 4 } },
});
BackgroundJobsModule.forRoot({ lease: '5s', shutdown: { grace: '10s', abortGrace: 500 }, isGlobal: false });
BackgroundJobsModule.forRootAsync({ useFactory: () => ({ workers: false }), isGlobal: false });
BackgroundJobsModule.forRootAsync({
  useFactory: (_factory: Factory) => Promise.resolve({}),
  inject: [Factory],
});
BackgroundJobsModule.forRootAsync({ useClass: Factory });
BackgroundJobsModule.forRootAsync({ useExisting: Factory });

BackgroundJobsModule.forRoot({
  jobs: [
    { job: Resize, maxRetries: undefined, priority: (job: Resize) => job.width },
    { job: Resize, backoff: Backoff.custom(() => '5s'), keep: { completed: false } },
  ],
});

// @ts-expect-error misspelt
BackgroundJobsModule.forRoot({ worker: false });
// @ts-expect-error all workers are on by leaving the option out
BackgroundJobsModule.forRoot({ workers: true });
// @ts-expect-error no duration
BackgroundJobsModule.forRoot({ lease: 'soon' });
// @ts-expect-error the class, not an object of it
BackgroundJobsModule.forRoot({ storage: MemoryStorage });
// @ts-expect-error the factory returns no options
BackgroundJobsModule.forRootAsync({ useFactory: () => ({ workers: 3 }) });
// @ts-expect-error of which class?
BackgroundJobsModule.forRoot({ jobs: [{ maxRetries: 3 }] });
// @ts-expect-error the class, not its name
BackgroundJobsModule.forRoot({ jobs: [{ job: 'resize', maxRetries: 3 }] });
// @ts-expect-error misspelt
BackgroundJobsModule.forRoot({ jobs: [{ job: Resize, maxRetrys: 3 }] });
// @ts-expect-error what a job injects is not for the configuration
BackgroundJobsModule.forRoot({ jobs: [{ job: Resize, inject: [Factory] }] });
// @ts-expect-error misspelt
BackgroundJobsModule.forRoot({ workers: { mail: { concurency: 3 } } });
// @ts-expect-error text is no number
BackgroundJobsModule.forRoot({ workers: { mail: '4' } });
// @ts-expect-error no such kind
BackgroundJobsModule.forRoot({ globalEnhancers: ['middleware'] });
