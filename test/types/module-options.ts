import {
  BackgroundJobsModule,
  MemoryStorage,
  type BackgroundJobsOptions,
  type BackgroundJobsOptionsFactory,
} from 'nestjs-background-jobs';

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
