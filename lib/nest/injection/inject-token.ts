import type { JobContext } from '../../core/job-context.js';

/**
 * What `inject` may name: a class, also an abstract one; a string or symbol; or `{ token, optional: true }`, for
 * which `run` gets `undefined` when nobody provides it.
 * @publicApi
 */
export type InjectToken = PlainToken | OptionalToken;

/** A token that nobody need provide. @publicApi */
export interface OptionalToken<Token extends PlainToken = PlainToken> {
  readonly token: Token;
  readonly optional: true;
}

type PlainToken = string | symbol | ClassToken;

// As Nest does for classes that cannot be constructed: the prototype has the type of the instances.
type ClassToken<Instance = unknown> = Function & { readonly prototype: Instance }; // oxlint-disable-line no-unsafe-function-type

/** Nobody knows what a string or symbol stands for, so that `run` may say: `never` is accepted as anything. */
type Injected<Token> =
  Token extends OptionalToken<infer Inner>
    ? Injected<Inner> | undefined
    : Token extends ClassToken<infer Instance>
      ? Instance
      : never;

/** What `run` is called with: an instance for each token, then the context. */
export type RunArguments<Tokens extends readonly InjectToken[]> = [
  ...{ [Index in keyof Tokens]: Injected<Tokens[Index]> },
  JobContext,
];
