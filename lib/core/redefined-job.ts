import type { JobDefinition, JobOptions } from './job-definition.js';

/**
 * The definition with some options that win over its own, such as those of a configuration. What they leave out, or leave
 * `undefined`, stays as it is. `unique`, `debounce` and `throttle` are one question: who answers one answers all three.
 * @publicApi
 */
export function redefineJob(definition: JobDefinition, options: JobOptions<never>): JobDefinition {
  const said = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const isUnique = BURSTS.some((option) => option in said);
  const own = isUnique ? without(definition.options, BURSTS) : definition.options;
  const keep = { ...own.keep, ...said.keep };
  const merged: JobOptions = { ...own, ...said, ...(Object.keys(keep).length > 0 && { keep }) };
  return { ...definition, options: merged };
}

const BURSTS = ['unique', 'debounce', 'throttle'] as const;

function without(options: JobOptions, names: readonly string[]): JobOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)));
}
