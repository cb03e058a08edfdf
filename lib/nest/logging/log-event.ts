import { inspect } from 'node:util';
import type { LogLevel } from '@nestjs/common';
import type { JobContext } from '../../core/job-context.js';
import type { JobEvent } from '../../runtime/runner-event.js';

export type LogEvent = JobEvent & { readonly kind: 'log' };

/** A line as an event. */
export function logEvent(
  { id, name, queue, attempt, token }: JobContext,
  level: LogLevel,
  message: unknown,
  source: string | undefined,
): LogEvent {
  return {
    kind: 'log',
    job: { id, name, queue, attempt, token },
    message: typeof message === 'string' ? message : inspect(message),
    level,
    ...(source === undefined ? {} : { source }),
  };
}
