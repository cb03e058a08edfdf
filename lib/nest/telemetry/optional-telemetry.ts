import type { Telemetry } from './telemetry.js';

/** Telemetry, where it is on: Nest gives a part under a class, and none is no class. */
export class OptionalTelemetry {
  constructor(readonly telemetry: Telemetry | undefined) {}
}
