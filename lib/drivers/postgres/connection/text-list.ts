/** What stands between the texts of a list, and in the place of one that is absent. No text of the list has it. */
export interface Marks {
  readonly separator: string;
  readonly absent: string;
}

/**
 * Marks that none of the texts can be taken for. A list with such marks is half the work of JSON, for the client and for the
 * server: nothing in it is escaped. JSON has none of these characters, so that the first marks nearly always do.
 */
export function marksFor(lists: readonly (readonly (string | undefined)[])[]): Marks {
  for (let number = 0; ; number += 1) {
    // Its first character is nowhere else in it: so the end of a text and the begin of a mark never look like one.
    const marks = { separator: number === 0 ? '\u001f' : `\u001f${number}\u001e`, absent: `\u001e${number}` };
    if (!lists.some((list) => list.some((text) => text !== undefined && isTakenFor(text, marks))))
      return marks;
  }
}

/** As `string_to_array` reads it with the same marks; empty where all are absent. So no text may be empty. */
export function joinTexts(texts: readonly (string | undefined)[], { separator, absent }: Marks): string {
  if (texts.every((text) => text === undefined)) return '';
  return texts.map((text) => text ?? absent).join(separator);
}

function isTakenFor(text: string, { separator, absent }: Marks): boolean {
  return text === absent || text.includes(separator);
}
