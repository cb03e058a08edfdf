import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';

/** Spans and metrics through OpenTelemetry. @publicApi */
export interface OpenTelemetryOptions {
  /**
   * How a run belongs to what queued its job. `parent`: to the same trace, as a child of the span that queued it. `link`: to a
   * trace of its own, linked to that span; better where jobs run days later. Both link.
   * @default 'parent'
   */
  readonly propagation?: 'parent' | 'link';
}

/** The same, checked and complete. */
export type OpenTelemetrySettings = Required<OpenTelemetryOptions>;

/** `undefined`: nobody wants telemetry. Throws `InvalidOptionError`. */
export function parseOpenTelemetry(
  option: boolean | OpenTelemetryOptions | undefined,
): OpenTelemetrySettings | undefined {
  if (option === undefined || option === false) return undefined;
  const options = option === true ? {} : option;
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionError(
      `openTelemetry: ${JSON.stringify(option)} is neither a boolean nor an object`,
    );
  }
  checkKnownOptions(options, ['propagation'], 'openTelemetry');
  const { propagation = 'parent' } = options;
  if (propagation === 'parent' || propagation === 'link') return { propagation };
  throw new InvalidOptionError(
    `openTelemetry.propagation: ${JSON.stringify(propagation)} is neither 'parent' nor 'link'`,
  );
}
