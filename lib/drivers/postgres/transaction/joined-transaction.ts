/**
 * The application's running transaction, whatever library began it.
 *
 * Values are text, and SQL says what they are (`$1::text::jsonb`): given a type of its own, a value goes through
 * whatever the application taught its library about that type, and some would encode JSON twice. Columns are cast
 * to text for the same reason.
 */
export interface JoinedTransaction {
  query(text: string, values: readonly string[]): Promise<readonly TextRow[]>;
}

/** A row as every library gives it: columns are named in one lower-case word, since plugins rename others. */
export type TextRow = Readonly<Record<string, string | null>>;
