/**
 * Finds the transaction that the caller runs in, so that `queue()` joins it without being given it: `ClsTransactions`, or your
 * own over whatever keeps yours.
 * @publicApi
 */
export interface AmbientTransactions {
  /** Awaited once, at boot: for what has to be loaded first. Rejecting fails the boot. */
  prepare?(): Promise<void>;
  /** What `queue()` would take as `transaction`; `undefined` where none is open: jobs are then queued by themselves. */
  current(): unknown;
}
