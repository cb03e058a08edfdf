import type { SqlRow } from '../connection/sql.js';

/**
 * The application's running transaction, whatever library began it.
 *
 * Values are text, and SQL says what they are (`$1::text::jsonb`): given a type of its own, a value goes through
 * whatever the application taught its library about that type, and some would encode JSON twice.
 */
export interface JoinedTransaction {
  query(text: string, values: readonly string[]): Promise<readonly SqlRow[]>;
}
