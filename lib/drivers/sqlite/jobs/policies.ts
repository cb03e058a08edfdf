import type { SqlValue, Statements } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

/** Policies that differ with every job would pile up: past this many, new ones stand in the row of their job. */
const MOST = 500;

const NEWER = `select id, policy from jobs_policy where id > ? order by id`;
const ADD = `insert into jobs_policy (policy) values (?) on conflict do nothing`;

/** The policies of the file, as far as this process has met them: the jobs of a class share one. */
export class Policies {
  #byId = new Map<number, string>();
  #byText = new Map<string, number>();
  #newest = 0;

  /** How the policy is stored in the row of a new job. */
  obtain(tx: Transaction, policy: string): SqlValue {
    const known = this.#byText.get(policy);
    if (known !== undefined) return known;
    this.#refresh(tx.sql);
    if (!this.#byText.has(policy) && this.#byText.size < MOST) {
      tx.sql.run(ADD, policy);
      this.#refresh(tx.sql);
    }
    return this.#byText.get(policy) ?? policy;
  }

  textOf(sql: Statements, stored: SqlValue | undefined): string {
    if (typeof stored === 'string') return stored;
    const id = stored as number;
    if (!this.#byId.has(id)) this.#refresh(sql);
    const policy = this.#byId.get(id);
    if (policy === undefined) throw new Error(`The file names policy ${id}, which it does not have`);
    return policy;
  }

  /** After a rollback: policies that were stored in it are not there. */
  forget(): void {
    this.#byId = new Map();
    this.#byText = new Map();
    this.#newest = 0;
  }

  #refresh(sql: Statements): void {
    for (const row of sql.all(NEWER, this.#newest)) {
      this.#newest = row.id as number;
      this.#byId.set(this.#newest, row.policy as string);
      this.#byText.set(row.policy as string, this.#newest);
    }
  }
}
