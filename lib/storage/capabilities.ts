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
  /** `group` is honoured: groups of a queue take turns, and can be paused. */
  readonly groups: boolean;
  /** `limit` is honoured, for queues and, along with `groups`, for groups. */
  readonly limits: boolean;
  /** `expiresIn` is honoured. */
  readonly expiry: boolean;
  /** `order` is honoured. */
  readonly order: boolean;
  /** Unique keys can be held for a time, and the job that holds one be replaced. */
  readonly replacing: boolean;
  /** Jobs can wait for others: `after` and `flow` are honoured. */
  readonly flows: boolean;
}
