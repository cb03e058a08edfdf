import { InvalidOptionError } from '../../core/errors.js';
import type { JobRecord } from '../../core/job.js';
import { decodeValue } from '../../core/payload.js';
import type { JobPage, JobQuery } from '../../storage/inspection.js';
import type { Storage } from '../../storage/storage.js';

/** What stands for what nobody is to see. */
const REDACTED = '[redacted]';

/** The names of fields to hide, lower case. Throws `InvalidOptionError` for anything but a list of names. */
export function parseRedact(names: readonly string[]): ReadonlySet<string> {
  if (Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '')) {
    return new Set(names.map((name) => name.toLowerCase()));
  }
  throw new InvalidOptionError("redact: must be a list of names of fields, such as ['password', 'token']");
}

/**
 * A storage whose records do not have what is in these fields. Behind it nothing can be forgotten, whatever is made of the records;
 * nor can anybody find out by a search what is hidden.
 */
export function redacted(storage: Storage, names: ReadonlySet<string>): Storage {
  if (names.size === 0) return storage;
  const info = async (ids: readonly string[]) =>
    (await storage.info(ids)).map((record) => record && redactRecord(record, names));
  const list = async (query: JobQuery): Promise<JobPage> => {
    const page = await storage.list(query);
    return { ...page, jobs: page.jobs.map((record) => redactRecord(record, names)) };
  };
  return new Proxy(storage, {
    get(target, property) {
      if (property === 'info') return info;
      if (property === 'list') return list;
      const value: unknown = Reflect.get(target, property, target);
      // Bound, since a storage's private fields are not the proxy's.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function redactRecord(record: JobRecord, names: ReadonlySet<string>): JobRecord {
  const { payload, meta, progress, result, after } = record;
  return {
    ...record,
    payload: redactText(payload, names),
    ...(meta === undefined ? {} : { meta: redactText(meta, names) }),
    ...(progress === undefined ? {} : { progress: redactText(progress, names) }),
    ...(result === undefined ? {} : { result: redactText(result, names) }),
    ...(after === undefined
      ? {}
      : {
          after: after.map((parent) =>
            parent.result === undefined ? parent : { ...parent, result: redactText(parent.result, names) },
          ),
        }),
  };
}

/** What cannot be read is hidden whole. */
function redactText(text: string, names: ReadonlySet<string>): string {
  const value = decodeValue(text);
  return JSON.stringify(value === undefined ? REDACTED : without(value, names));
}

function without(value: unknown, names: ReadonlySet<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => without(each, names));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      names.has(key.toLowerCase()) ? REDACTED : without(each, names),
    ]),
  );
}
