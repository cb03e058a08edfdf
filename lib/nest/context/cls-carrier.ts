import { InvalidOptionError } from '../../core/errors.js';
import type { JobCarrier } from '../../core/job-carrier.js';
import { checkKnownOptions } from '../../core/known-options.js';

/** Options of a `ClsCarrier`. @publicApi */
export interface ClsCarrierOptions {
  /** What comes along, and nothing else does: each must hold plain JSON, or nothing. */
  readonly keys: readonly string[];
}

/**
 * Has values of `nestjs-cls` come along with jobs, by their keys. Each run then has a context of `nestjs-cls` of its own, also
 * when nothing came along.
 * @publicApi
 */
export class ClsCarrier implements JobCarrier<Readonly<Record<string, unknown>>> {
  readonly name = 'cls';
  readonly #keys: readonly string[];
  #cls: Awaited<ReturnType<typeof loadCls>> | undefined;

  /** Throws `InvalidOptionError` when `keys` names nothing. */
  constructor(options: ClsCarrierOptions) {
    checkKnownOptions(options, ['keys'], 'ClsCarrier');
    const { keys } = options;
    if (
      !Array.isArray(keys) ||
      keys.length === 0 ||
      keys.some((key) => typeof key !== 'string' || key === '')
    ) {
      throw new InvalidOptionError(
        "ClsCarrier: keys must name what comes along with jobs, such as ['tenantId']: all of it would be too much",
      );
    }
    this.#keys = [...options.keys];
  }

  /** Throws `InvalidOptionError` when the package is not there. */
  async prepare(): Promise<void> {
    this.#cls = await loadCls();
  }

  capture(): Readonly<Record<string, unknown>> | undefined {
    const cls = this.#service();
    if (!cls.isActive()) return undefined;
    const found = this.#keys
      .map((key) => [key, cls.get<unknown>(key)] as const)
      .filter(([, value]) => value !== undefined);
    return found.length === 0 ? undefined : Object.fromEntries(found);
  }

  restore(value: Readonly<Record<string, unknown>> | undefined, next: () => unknown): unknown {
    const cls = this.#service();
    return cls.run(() => {
      for (const key of this.#keys) {
        // A key that was taken off the list is not restored from jobs that were queued before.
        if (value && Object.hasOwn(value, key)) cls.set(key, value[key]);
      }
      return next();
    });
  }

  #service() {
    if (this.#cls) return this.#cls.ClsServiceManager.getClsService();
    throw new InvalidOptionError(
      'ClsCarrier: prepare() was not awaited. The module does so for its carriers',
    );
  }
}

async function loadCls() {
  try {
    return await import('nestjs-cls');
  } catch (cause) {
    throw new InvalidOptionError('ClsCarrier needs the package nestjs-cls: install it', { cause });
  }
}
