import type { Database } from '../connection/database.js';
import { keyOf } from './job-key.js';
import { arrayOf, type Sql, type SqlRow } from '../connection/sql.js';
import { fromStored, toStored } from '../connection/stored-text.js';

/** Policies that differ with every job would pile up: past this many, new ones stand in the row of their job. */
const MOST = 500;

/** Before a policy that stands in the row itself. Whatever else stands there is the number of one. */
const APART = '=';

const ADD = `
  insert into jobs.policy (key, policy)
  select x.key, x.policy from json_to_recordset($1::json) as x(key uuid, policy text)
  where (select count(*) from jobs.policy) < ${MOST}
  order by x.key
  on conflict (key) do nothing`;
const BY_KEY = `select id, policy from jobs.policy where key = any($1::uuid[])`;
const BY_ID = `select id, policy from jobs.policy where id = any($1::text[])`;

/** The policy of a row of that table, for statements that are not run for every job. */
export function policyOf(table: 'job' | 'ended_job'): string {
  return `coalesce((select p.policy from jobs.policy p where p.id = ${table}.policy), substr(${table}.policy, 2))`;
}

/**
 * The policies of the schema, as far as this process has met them: the jobs of a class share one. Like lanes, they are
 * made outside of any transaction of the caller's and never change or go away.
 */
export class Policies {
  readonly #byId = new Map<string, string>();
  readonly #byText = new Map<string, string>();
  #isFull = false;

  /** Makes what is missing, while there is room. Before `storedOf`. */
  async ensure(database: Database, jobs: readonly { readonly policy: string }[]): Promise<void> {
    if (this.#isFull) return;
    const missing = new Set<string>();
    for (const { policy } of jobs) if (!this.#byText.has(policy)) missing.add(policy);
    if (missing.size === 0) return;
    const rows = [...missing].slice(0, MOST).map((text) => ({ key: keyOf(text), policy: toStored(text) }));
    await database.rows(ADD, [JSON.stringify(rows)]);
    this.#learn(await database.rows(BY_KEY, [arrayOf(rows.map(({ key }) => key))]));
    this.#isFull = [...missing].some((text) => !this.#byText.has(text));
  }

  /** How the policy stands in the row of a new job. */
  storedOf(policy: string): string {
    return this.#byText.get(policy) ?? APART + toStored(policy);
  }

  /** Makes sure that the policies of these rows are known. */
  async learn(sql: Sql, rows: readonly SqlRow[]): Promise<void> {
    const unknown = new Set<string>();
    for (const row of rows) {
      const stored = row.policy as string;
      if (!this.#byId.has(stored) && !stored.startsWith(APART)) unknown.add(stored);
    }
    if (unknown.size > 0) this.#learn(await sql.rows(BY_ID, [arrayOf([...unknown])]));
  }

  /** That of a row which `learn` has seen. */
  textOf(stored: string): string {
    const text = this.#byId.get(stored);
    if (text !== undefined) return text;
    if (stored.startsWith(APART)) return fromStored(stored.slice(APART.length));
    throw new Error(`The schema names policy ${stored}, which it does not have`);
  }

  #learn(rows: readonly SqlRow[]): void {
    for (const row of rows) {
      const [id, text] = [row.id as string, fromStored(row.policy as string)];
      this.#byId.set(id, text);
      this.#byText.set(text, id);
    }
  }
}
