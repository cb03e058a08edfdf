import type { NestFactory } from '@nestjs/core';
import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';

/** How a process that only works is run; besides, all that `NestFactory.createApplicationContext` takes. @publicApi */
export interface RunWorkerOptions extends Omit<ApplicationContextOptions, 'abortOnError'> {
  /** Where probes are answered. @default nowhere */
  readonly probes?: ProbeOptions;
}

type ApplicationContextOptions = NonNullable<Parameters<typeof NestFactory.createApplicationContext>[1]>;

/** The HTTP server for probes: `GET /livez`, `GET /readyz` and, when asked for, `GET /metrics`. @publicApi */
export interface ProbeOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** `'0.0.0.0'` for probes that come from outside, as those of Kubernetes do. It checks nobody's rights. @default '127.0.0.1' */
  readonly host?: string;
  /** Also answers `GET /metrics`, for all instances of the module that have the option `prometheus`. @default false */
  readonly metrics?: boolean;
}

/** Throws `InvalidOptionError`. */
export function checkProbes(probes: ProbeOptions): Required<ProbeOptions> {
  checkKnownOptions(probes, ['port', 'host', 'metrics'], 'runWorker(): probes');
  const { port, host = '127.0.0.1', metrics = false } = probes;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidOptionError(
      `runWorker(): probes.port ${String(port)} is not a whole number from 0 to 65535`,
    );
  }
  return { port, host, metrics };
}
