import { JobContext } from '../../core/job-context.js';
import { InvalidJobError } from '../../core/errors.js';
import type { JobDefinition } from '../../core/job-definition.js';
import type { InjectToken } from './inject-token.js';
import { injectionsOf } from '../job.decorator.js';
import { readParameters, type NotedParameters } from '../container/nest-metadata.js';

/** What `run` of a job class wants. */
export interface RunParameters {
  /** In order; the context is not among them. */
  readonly injected: readonly InjectedParameter[];
  /** Which argument the context is. */
  readonly contextIndex: number;
}

export interface InjectedParameter {
  /** What Nest takes as a token, a forward reference included. */
  readonly token: unknown;
  readonly optional: boolean;
}

/** Reads `inject`, or else the decorators on `run`, or on the other method of that name. Throws `InvalidJobError` for a parameter that neither explains. */
export function readRunParameters(definition: JobDefinition, method: string): RunParameters {
  const owner = ownerOf(definition.class.prototype as object, method);
  const noted = readParameters(owner, method);
  const inject = injectionsOf(definition.class);
  // Nest notes `@Inject` by class and index, whichever method it stands on.
  if (method !== 'run' && noted.injected.size > 0) {
    throw new InvalidJobError(
      `${describe(definition)} has @Inject on parameters and another method beside run, ${method}, that gets some: nobody could tell whose they are. Use the option inject`,
    );
  }
  if (inject === undefined) return explain(definition, method, noted, arityOf(owner, method));
  if (noted.injected.size > 0) {
    throw new InvalidJobError(
      `${describe(definition)} has both the option inject and @Inject on the parameters of ${method}. Keep one of them`,
    );
  }
  return { injected: inject.map(parseToken), contextIndex: inject.length };
}

function parseToken(token: InjectToken): InjectedParameter {
  return typeof token === 'object'
    ? { token: token.token, optional: token.optional }
    : { token, optional: false };
}

function explain(
  definition: JobDefinition,
  method: string,
  noted: NotedParameters,
  arity: number,
): RunParameters {
  const count = Math.max(
    arity,
    noted.types?.length ?? 0,
    ...[...noted.injected.keys()].map((key) => key + 1),
  );
  const tokens = Array.from({ length: count }, (_, index) => tokenOf(noted, index));
  const unexplained = tokens.flatMap((token, index) => (token === undefined ? [index] : []));
  const contextIndex = unexplained.pop() ?? count;
  const [odd] = unexplained;
  if (odd !== undefined) throw new InvalidJobError(oddParameter(definition, method, odd));
  const injected = tokens
    .map((token, index) => ({ token, optional: noted.optional.has(index) }))
    .filter((_, index) => index !== contextIndex);
  return { injected, contextIndex };
}

// `@Inject()` without a token on a method notes the type of the method itself, which is Function.
function tokenOf({ injected, types }: NotedParameters, index: number): unknown {
  const token = injected.get(index);
  if (token !== undefined && token !== Function) return token;
  const type = types?.[index];
  return typeof type === 'function' && !TELLS_NOTHING.has(type) ? type : undefined;
}

/** What the compiler emits for interfaces, unions and built-in types; and the context, which is not injected here. */
const TELLS_NOTHING = new Set<unknown>([
  JobContext,
  Object,
  Function,
  String,
  Number,
  Boolean,
  Symbol,
  BigInt,
  Array,
  Promise,
]);

function oddParameter(definition: JobDefinition, method: string, index: number): string {
  return (
    `${describe(definition)}: nothing says what to inject as parameter ${index} of ${method}. ` +
    `Name it in the option inject, or decorate it with @Inject(TOKEN); only the ${method === 'run' ? 'context' : 'death'} needs neither`
  );
}

function describe({ name, class: { name: className } }: JobDefinition): string {
  return `Job '${name}' (${className})`;
}

function ownerOf(prototype: object, method: string): object {
  let owner: object | null = prototype;
  while (owner !== null && !Object.hasOwn(owner, method))
    owner = Object.getPrototypeOf(owner) as object | null;
  return owner ?? prototype;
}

function arityOf(owner: object, method: string): number {
  const { [method]: declared } = owner as Readonly<Record<string, unknown>>;
  return typeof declared === 'function' ? declared.length : 0;
}
