/**
 * Base of every error of this library. `code` is stable and literal; `docs/reference/errors.md` has a
 * paragraph on each.
 * @publicApi
 */
export abstract class JobsError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * An option that is unknown or impossible, found at boot or at the call.
 * @publicApi
 */
export class InvalidOptionError extends JobsError {
  readonly code = 'INVALID_OPTION';
}

/**
 * A payload that would not survive being stored, or a stored one that no longer decodes.
 * @publicApi
 */
export class InvalidPayloadError extends JobsError {
  readonly code = 'INVALID_PAYLOAD';
  /** All that is wrong; of a schema's findings each one, else only the first thing found. */
  readonly issues: readonly PayloadIssue[];

  constructor(
    /** Where in the payload, such as `$.items[3].price`. */
    readonly path: string,
    problem: string,
    options: InvalidPayloadOptions = {},
  ) {
    const { what = 'The payload cannot be stored', issues = [{ path, message: problem }] } = options;
    super(`${what}: ${path} ${problem}`, options);
    this.issues = issues;
  }
}

/** One thing that is wrong with a payload. @publicApi */
export interface PayloadIssue {
  /** Where, such as `$.items[3].price`. */
  readonly path: string;
  readonly message: string;
}

interface InvalidPayloadOptions extends ErrorOptions {
  readonly what?: string;
  readonly issues?: readonly PayloadIssue[];
}

/** A stored payload is of a version of its class that this process does not know yet. */
export class NewerPayloadError extends JobsError {
  readonly code = 'NEWER_PAYLOAD';
}

/**
 * What carriers captured cannot go along with a job: it is no plain JSON, or too much.
 * @publicApi
 */
export class InvalidContextError extends JobsError {
  readonly code = 'INVALID_CONTEXT';
}

/**
 * Two job classes, or two handlers, carry the same name.
 * @publicApi
 */
export class DuplicateJobError extends JobsError {
  readonly code = 'DUPLICATE_JOB';
}

/**
 * A class that was queued or listed as a job cannot be one: no `@Job`, no `run`, or a handler for nothing.
 * @publicApi
 */
export class InvalidJobError extends JobsError {
  readonly code = 'INVALID_JOB';
}

/**
 * The storage cannot do what was asked; its `capabilities` say so beforehand.
 * @publicApi
 */
export class UnsupportedError extends JobsError {
  readonly code = 'UNSUPPORTED';
}

/**
 * What was given as `transaction` is none that the storage can join: of another kind, or with no transaction open,
 * so that what was to be written with it would be committed by itself. Nothing was written.
 * @publicApi
 */
export class InvalidTransactionError extends JobsError {
  readonly code = 'INVALID_TRANSACTION';
}

/**
 * The storage did not answer in time or is gone. Whether a write happened is unknown; repeating it with the
 * same job id is safe.
 * @publicApi
 */
export class StorageUnavailableError extends JobsError {
  readonly code = 'STORAGE_UNAVAILABLE';
}

/**
 * The storage has no room left. Nothing of the refused write was kept.
 * @publicApi
 */
export class StorageFullError extends JobsError {
  readonly code = 'STORAGE_FULL';
}

/**
 * The storage cannot be opened as configured: a missing directory, no permission, a missing driver, a file
 * that is not ours.
 * @publicApi
 */
export class StorageOpenError extends JobsError {
  readonly code = 'STORAGE_OPEN';
}

/**
 * The storage was written by a newer version of this library, which this one must not touch.
 * @publicApi
 */
export class StorageVersionError extends JobsError {
  readonly code = 'STORAGE_VERSION';
}

/**
 * The storage was used before it was opened or after it was closed.
 * @publicApi
 */
export class StorageClosedError extends JobsError {
  readonly code = 'STORAGE_CLOSED';
}
