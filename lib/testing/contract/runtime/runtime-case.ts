import type { Capabilities } from '../../../storage/capabilities.js';
import type { RuntimeContext } from './runtime-context.js';

/**
 * One promise of a whole runner on a storage, and how to see whether it is kept.
 * @publicApi
 */
export interface RuntimeCase {
  /** A sentence about behaviour. */
  readonly name: string;
  /** Of no concern to a storage that declares that it cannot. */
  readonly needs?: keyof Capabilities;
  run(context: RuntimeContext): Promise<void>;
}
