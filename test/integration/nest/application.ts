import type { ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { onTestFinished } from 'vitest';
import { TraceLogger } from './trace.js';

/** An application that runs until the test is over. */
export interface Application {
  readonly app: TestingModule;
  /** All that the application logged, from its first word on. */
  readonly log: TraceLogger['trace'];
}

/** Boots an application as `NestFactory` would; `change` may override providers. */
export async function boot(
  metadata: ModuleMetadata,
  change: (builder: TestingModuleBuilder) => TestingModuleBuilder = (builder) => builder,
): Promise<Application> {
  const logger = new TraceLogger();
  const builder = change(Test.createTestingModule(metadata)).setLogger(logger);
  const app = await builder.compile();
  await app.init();
  onTestFinished(() => app.close());
  return { app, log: logger.trace };
}

/** The error that keeps an application from booting. */
export async function bootError(
  metadata: ModuleMetadata,
  change?: (builder: TestingModuleBuilder) => TestingModuleBuilder,
): Promise<Error & { readonly code?: string }> {
  try {
    await boot(metadata, change);
  } catch (error) {
    return error as Error;
  }
  throw new Error('The application booted');
}
