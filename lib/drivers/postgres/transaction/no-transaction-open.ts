import { InvalidTransactionError } from '../../../core/errors.js';

/** `found` has no transaction open; `instead` is what the application should pass. */
export function noTransactionOpen(found: string, instead: string): InvalidTransactionError {
  return new InvalidTransactionError(
    `transaction: ${found} has no transaction open, and what is written with it would be committed by itself. Pass ${instead}`,
  );
}
