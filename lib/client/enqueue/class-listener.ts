import type { JobDefinition } from '../../core/job-definition.js';

/**
 * Told of jobs as they are prepared, with the queue that they go to. Once it returns true it hears no more of jobs of that class.
 * Must not throw.
 * @publicApi
 */
export type ClassListener = (job: JobDefinition, queue: string) => boolean;
