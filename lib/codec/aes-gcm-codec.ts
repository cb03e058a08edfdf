import { createCipheriv, createDecipheriv } from 'node:crypto';
import { systemChance } from '../core/clock.js';
import { InvalidOptionError, InvalidPayloadError } from '../core/errors.js';
import { checkKnownOptions } from '../core/known-options.js';
import {
  decodePayload,
  encodeValue,
  SEALED,
  type PayloadCodec,
  type PayloadOwner,
  type StoredPayloadOwner,
} from '../core/payload.js';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_NAME = /^[\w-]{1,64}$/;

/** Options of an `AesGcmCodec`. @publicApi */
export interface AesGcmCodecOptions {
  /**
   * 32 bytes each, or their base64, by a name of your choice, which is stored beside what it sealed: letters, digits, `-` and `_`,
   * at most 64. The first seals; all of them open.
   */
  readonly keys: Readonly<Record<string, Uint8Array | string>>;
  /** Fields to seal. The others stay readable, for lists and filters. @default all fields */
  readonly fields?: readonly string[];
  /** Carries what plain JSON cannot: it encodes before the fields are sealed, and decodes after they were opened. */
  readonly codec?: PayloadCodec;
}

/**
 * Seals payloads, or some of their fields, with AES-256-GCM: whoever reads the storage does not read them, and whoever changes
 * them, or gives them to another job, has that job end `dead: invalid-payload`. What is sealed is bound to the name and the id of its
 * job; where that has no id of its own yet (a schedule, a job that may replace another), to the name alone.
 *
 * To change keys, first give every process the new one behind the old one, then put it in front, and take the old one away once no
 * job that it sealed is left. A key should seal no more than four billion payloads.
 *
 * Seals fields only: results, progress, `meta`, unique keys and error messages are stored as they are. The constructor throws
 * `InvalidOptionError` for keys of another size.
 * @publicApi
 */
export class AesGcmCodec implements PayloadCodec {
  readonly #keys: ReadonlyMap<string, Uint8Array>;
  readonly #current: readonly [name: string, key: Uint8Array];
  readonly #fields: ReadonlySet<string> | undefined;
  readonly #inner: PayloadCodec | undefined;

  constructor(options: AesGcmCodecOptions) {
    checkKnownOptions(options, ['keys', 'fields', 'codec'], 'AesGcmCodec');
    const keys = Object.entries(options.keys).map(([name, key]) => [name, parseKey(name, key)] as const);
    const [current] = keys;
    if (current === undefined) throw new InvalidOptionError('AesGcmCodec: keys names no key');
    this.#keys = new Map(keys);
    this.#current = current;
    this.#fields = options.fields && new Set(options.fields);
    this.#inner = options.codec;
  }

  encode(fields: Readonly<Record<string, unknown>>, owner: PayloadOwner): Record<string, unknown> {
    const plain = this.#inner ? this.#inner.encode(fields, owner) : fields;
    if (Object.hasOwn(plain, SEALED)) throw new InvalidPayloadError(`$.${SEALED}`, 'is a forbidden key');
    const isSealed = (name: string) => this.#fields === undefined || this.#fields.has(name);
    const entries = Object.entries(plain);
    const text = encodeValue(Object.fromEntries(entries.filter(([name]) => isSealed(name))));
    const open = Object.fromEntries(entries.filter(([name]) => !isSealed(name)));
    return { ...open, [SEALED]: this.#seal(text, owner) };
  }

  decode(fields: Readonly<Record<string, unknown>>, owner: StoredPayloadOwner): Record<string, unknown> {
    const { [SEALED]: sealed, ...open } = fields;
    if (typeof sealed !== 'string') throw new InvalidPayloadError('$', 'is not sealed');
    const whole = { ...open, ...decodePayload(this.#open(sealed, owner), undefined, owner) };
    return this.#inner ? this.#inner.decode(whole, owner) : whole;
  }

  #seal(text: string, owner: PayloadOwner): string {
    const [name, key] = this.#current;
    const nonce = new Uint8Array(NONCE_BYTES);
    systemChance.fill(nonce);
    const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(bindingOf(owner));
    const body = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return [name, owner.id === undefined ? 'name' : 'id', body.toString('base64url')].join('.');
  }

  #open(sealed: string, { name, id }: StoredPayloadOwner): string {
    const [keyName = '', bound, body = ''] = sealed.split('.');
    const key = this.#keys.get(keyName);
    if (key === undefined)
      throw new InvalidPayloadError(
        `$.${SEALED}`,
        `was sealed with the key '${keyName}', which is not there`,
      );
    const bytes = Buffer.from(body, 'base64url');
    const end = bytes.length - TAG_BYTES;
    try {
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(bindingOf(bound === 'id' ? { name, id } : { name }))
        .setAuthTag(bytes.subarray(end));
      return decipher.update(bytes.subarray(NONCE_BYTES, end), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw new InvalidPayloadError(`$.${SEALED}`, 'was changed, or sealed for another job', {
        what: 'The payload cannot be opened',
        cause,
      });
    }
  }
}

/** What is not secret, and must be the same again. */
function bindingOf({ name, id }: PayloadOwner): Uint8Array {
  return Buffer.from(JSON.stringify(id === undefined ? [name] : [name, id]));
}

function parseKey(name: string, key: Uint8Array | string): Uint8Array {
  if (!KEY_NAME.test(name))
    throw new InvalidOptionError(
      `AesGcmCodec: the key name '${name}' is not made of letters, digits, - and _`,
    );
  // Never the key itself in a message.
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : key;
  if (bytes instanceof Uint8Array && bytes.length === KEY_BYTES) return Uint8Array.from(bytes);
  throw new InvalidOptionError(
    `AesGcmCodec: the key '${name}' is not ${KEY_BYTES} bytes, or the base64 of so many`,
  );
}
