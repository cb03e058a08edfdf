import type { Capabilities } from '../../storage/capabilities.js';
import type { ContractContext } from './contract-context.js';

/**
 * One promise of the port, and how to see whether a storage keeps it. Throws an `AssertionError` where it does not.
 * @publicApi
 */
export interface ContractCase {
  /** A sentence about behaviour. */
  readonly name: string;
  /** About what only some storages can do: of no concern to one that declares that it cannot. */
  readonly needs?: keyof Capabilities | readonly (keyof Capabilities)[];
  /** About refusing what the storage declares that it cannot do. */
  readonly lacks?: keyof Capabilities;
  /** Moves time on by hours: only where the storage's clock can be moved. */
  readonly hours?: true;
  run(context: ContractContext): Promise<void>;
}
