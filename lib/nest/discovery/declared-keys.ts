/** The keys of the schedules that job classes of this application declare. */
export class DeclaredKeys {
  readonly #keys = new Set<string>();

  add(key: string): void {
    this.#keys.add(key);
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }
}
