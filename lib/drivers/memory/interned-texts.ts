// Texts that differ with every job would pile up: past this many, sharing starts anew.
const MOST = 1000;

/** Gives equal texts back as one object. Equal texts that were made apart take up room apart. */
export class InternedTexts {
  readonly #texts = new Map<string, string>();
  #last = '';

  intern(text: string): string {
    // Jobs come in batches of one kind.
    if (text === this.#last) return this.#last;
    const known = this.#texts.get(text);
    if (known !== undefined) return (this.#last = known);
    if (this.#texts.size >= MOST) this.#texts.clear();
    this.#texts.set(text, text);
    return (this.#last = text);
  }
}
