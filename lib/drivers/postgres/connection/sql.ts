/** What is bound to a statement. Lists go as text that the statement casts, so that any library can carry them. */
export type SqlValue = string | number | boolean | null;

export type SqlRow = Readonly<Record<string, unknown>>;

/** Something that runs statements: a connection of ours, a transaction of ours, or the caller's. */
export interface Sql {
  /** `jobs.` before a name in the text stands for the schema of the storage. */
  rows(text: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
}

/** The text of an array of numbers or UUIDs, which need no quotes. */
export function arrayOf(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}

/** An identifier as it stands in a statement, whatever it holds. */
export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** A text as it stands in a statement that takes no parameters. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Puts the storage's schema where a statement says `jobs.`. */
export function inSchema(text: string, schema: string): string {
  return text.replace(/\bjobs\./g, () => `${quoted(schema)}.`);
}
