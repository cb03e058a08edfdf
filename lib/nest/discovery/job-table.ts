import { DuplicateJobError, InvalidJobError } from '../../core/errors.js';
import type { JobDefinition } from '../../core/job-definition.js';
import { checkJobOptions } from './job-options-check.js';
import type { FoundHandler, FoundJob, FoundProviders } from './job.explorer.js';

/** A job class, and who runs it: the class itself in one of its modules, or a handler. */
export type JobEntry =
  | { readonly by: 'run'; readonly definition: JobDefinition; readonly job: FoundJob }
  | {
      readonly by: 'handler';
      readonly definition: JobDefinition;
      readonly handler: FoundHandler;
      readonly job?: FoundJob;
    }
  | { readonly by: 'nobody'; readonly definition: JobDefinition; readonly job: FoundJob };

export interface JobTable {
  /** By name. */
  readonly entries: readonly JobEntry[];
  readonly warnings: readonly string[];
}

/**
 * Decides who runs which job, by name, whatever order Nest lists providers in. Throws `DuplicateJobError` when two
 * could, `InvalidJobError` for a handler of no job, `InvalidOptionError` for impossible options of a job.
 */
export function buildJobTable({ jobs, handlers }: FoundProviders): JobTable {
  for (const handler of handlers) checkHandled(handler);
  const definitions = distinct([...jobs, ...handlers].flatMap(({ definition }) => definition ?? []));
  checkNames(definitions);
  const warnings: string[] = [];
  const entries = definitions
    .toSorted((a, b) => compare(a.name, b.name))
    .map((definition) => {
      checkJobOptions(definition.options, `Job '${definition.name}'`);
      const listed = jobs.filter((job) => job.definition === definition);
      const offered = handlers.filter((handler) => handler.definition === definition);
      return assign(definition, listed, offered, warnings);
    });
  return { entries, warnings };
}

function assign(
  definition: JobDefinition,
  listed: readonly FoundJob[],
  handlers: readonly FoundHandler[],
  warnings: string[],
): JobEntry {
  const { name, class: jobClass } = definition;
  const hasRun = typeof (jobClass.prototype as { run?: unknown }).run === 'function';
  const [job] = listed;
  const [handler] = handlers;
  const others = distinct(handlers.map(({ token }) => token));
  if (others.length > 1) {
    const names = distinct(handlers.map((each) => each.name)).toSorted(compare);
    throw new DuplicateJobError(`Job '${name}' has several handlers: ${names.join(', ')}. Keep one`);
  }
  if (handler && job && hasRun) {
    throw new DuplicateJobError(
      `Job '${name}' is run both by ${jobClass.name}.run and by ${handler.name}. Take one away`,
    );
  }
  const places = handler ? handlers : listed;
  if (places.length > 1 && (handler || hasRun)) {
    const modules = places.map(({ host }) => host.name);
    warnings.push(
      `Job '${name}': ${handler?.name ?? jobClass.name} is provided by ${modules.join(' and ')}; the one of ${modules[0]} is used`,
    );
  }
  if (handler) return { by: 'handler', definition, handler, ...(job && { job }) };
  return { by: hasRun ? 'run' : 'nobody', definition, job: job as FoundJob };
}

function checkHandled({ definition, name, jobClass }: FoundHandler): void {
  if (definition) return;
  const handled = (jobClass as { name?: string } | undefined)?.name ?? String(jobClass);
  throw new InvalidJobError(
    `${name} handles ${handled}, which is no job. Decorate that class with @Job({ name: '…' })`,
  );
}

function checkNames(definitions: readonly JobDefinition[]): void {
  const seen = new Map<string, JobDefinition>();
  for (const definition of definitions) {
    for (const name of [definition.name, ...definition.aliases]) {
      const other = seen.get(name);
      seen.set(name, definition);
      if (!other) continue;
      const classes = [other, definition].map((each) => each.class.name).toSorted(compare);
      throw new DuplicateJobError(
        other === definition
          ? `Job '${definition.name}' has the name '${name}' twice: take the alias away`
          : `Two job classes are named '${name}': ${classes.join(' and ')}. Storages tell classes apart by name: rename one`,
      );
    }
  }
}

function distinct<Item>(items: readonly Item[]): Item[] {
  return [...new Set(items)];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
