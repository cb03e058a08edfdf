type Method = (this: unknown, ...values: unknown[]) => unknown;

/** Stands in for methods of objects that are not ours, and gives each its own back. */
export class PatchedMethods {
  readonly #patches: Patch[] = [];

  /** `make` gets the method as it was. What was patched here before and could not be given back stays as it is. */
  patch(owner: object, method: string, make: (original: Method) => Method): void {
    if (this.#patches.some((patch) => patch.owner === owner && patch.method === method)) return;
    const original = Reflect.get(owner, method) as Method | undefined;
    if (typeof original !== 'function') return;
    const replacement = make(original);
    this.#patches.push({ owner, method, original, replacement, isOwn: Object.hasOwn(owner, method) });
    Reflect.set(owner, method, replacement);
  }

  /** What somebody else has put in the place meanwhile, such as the spy of a test, is left for them to take away. */
  restore(): void {
    for (const patch of [...this.#patches]) {
      const { owner, method, original, replacement, isOwn } = patch;
      if (Reflect.get(owner, method) !== replacement) continue;
      if (isOwn) Reflect.set(owner, method, original);
      else Reflect.deleteProperty(owner, method);
      this.#patches.splice(this.#patches.indexOf(patch), 1);
    }
  }
}

interface Patch {
  readonly owner: object;
  readonly method: string;
  readonly original: Method;
  readonly replacement: Method;
  readonly isOwn: boolean;
}
