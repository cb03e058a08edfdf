/**
 * What a storage can do beyond the common promises. Asking for what is `false` throws `UnsupportedError`.
 * @publicApi
 */
export interface Capabilities {
  /** Jobs outlive the process. */
  readonly durable: boolean;
  /** Several processes share the jobs. */
  readonly shared: boolean;
  /** Other processes hear of new jobs without polling. */
  readonly signals: boolean;
  /** `push` and `complete` can join the caller's transaction. */
  readonly transactions: boolean;
  /** `group` is honoured. */
  readonly groups: boolean;
  /** `limit` is honoured. */
  readonly limits: boolean;
  /** `expiresIn` is honoured. */
  readonly expiry: boolean;
}
