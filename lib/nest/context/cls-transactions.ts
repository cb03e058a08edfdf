import type { AmbientTransactions } from '../../client/enqueue/ambient-transactions.js';
import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';

/** Options of `ClsTransactions`. @publicApi */
export interface ClsTransactionsOptions {
  /** Of several connections, the one in whose database the jobs are. @default the one without a name */
  readonly connectionName?: string;
}

/**
 * The transactions of `@nestjs-cls/transactional`: what is queued within `@Transactional()` joins its transaction, and what is
 * queued elsewhere is queued at once. With any adapter whose library `transaction` takes.
 * @publicApi
 */
export class ClsTransactions implements AmbientTransactions {
  readonly #connectionName: string | undefined;
  #library: Awaited<ReturnType<typeof loadTransactional>> | undefined;

  constructor(options: ClsTransactionsOptions = {}) {
    checkKnownOptions(options, ['connectionName'], 'ClsTransactions');
    this.#connectionName = options.connectionName;
  }

  /** Throws `InvalidOptionError` when the package is not there, or its plugin is not registered for this connection. */
  async prepare(): Promise<void> {
    this.#library = await loadTransactional();
    try {
      this.#host();
    } catch (cause) {
      const name = this.#connectionName === undefined ? '' : ` with connectionName '${this.#connectionName}'`;
      throw new InvalidOptionError(
        `ClsTransactions: ClsPluginTransactional${name} is none of the plugins of ClsModule`,
        { cause },
      );
    }
  }

  current(): unknown {
    const host = this.#host();
    return host.isTransactionActive() ? host.tx : undefined;
  }

  #host(): { readonly tx: unknown; isTransactionActive(): boolean } {
    if (this.#library) return this.#library.TransactionHost.getInstance(this.#connectionName);
    throw new InvalidOptionError('ClsTransactions: prepare() was not awaited. The module does so');
  }
}

async function loadTransactional() {
  try {
    return await import('@nestjs-cls/transactional');
  } catch (cause) {
    throw new InvalidOptionError('ClsTransactions needs the package @nestjs-cls/transactional: install it', {
      cause,
    });
  }
}
