import { Logger, type LogLevel } from '@nestjs/common';

/** Whether the application asked not to see this level. */
export function isSilent(level: LogLevel): boolean {
  // Nest 11 says no to every level until levels were set, and then means that all are on.
  return !Logger.isLevelEnabled(level) && Logger.isLevelEnabled('fatal');
}
