import type { Chance } from '../../../core/clock.js';
import type { Completed, Completion } from '../../../storage/claims.js';
import type { NewJob, Pushed } from '../../../storage/new-job.js';
import type { Announcing, News } from '../signals/announcing.js';
import type { Claiming } from '../claiming/claiming.js';
import type { CommitWatch } from '../connection/commit-watch.js';
import type { Database } from '../connection/database.js';
import type { Lanes } from '../jobs/lanes.js';
import type { Pushing } from './pushing.js';
import { Settling } from '../settling/settling.js';
import { inSchema, type Sql, type SqlRow, type SqlValue } from '../connection/sql.js';
import { joinTransaction } from '../transaction/join-transaction.js';
import type { JoinedTransaction } from '../transaction/joined-transaction.js';

const NUMBER = `select pg_current_xact_id()::text as transaction`;
// One statement: what is taken from the one sum is in the other.
const ADD_UP = `
  with apart as (delete from jobs.tally where shard = $1::integer returning lane, step, completed, failed)
  insert into jobs.tally (lane, shard, step, completed, failed)
  select lane, $2::integer, step, completed, failed from apart order by lane, step
  on conflict (lane, shard, step) do update
  set completed = tally.completed + excluded.completed, failed = tally.failed + excluded.failed`;

export interface JoiningOptions {
  readonly schema: string;
  /** The storage's own connections: for what must not wait for the application's transaction, and for what comes after. */
  readonly database: Database;
  readonly lanes: Lanes;
  readonly claiming: Claiming;
  readonly pushing: Pushing;
  readonly announcing: Announcing;
  readonly commits: CommitWatch;
  readonly chance: Chance;
  readonly shard: number;
}

/** Writes in the application's own running transactions, and tells of it once they are committed. */
export class Joining {
  readonly #options: JoiningOptions;

  constructor(options: JoiningOptions) {
    this.#options = options;
  }

  async push(jobs: readonly NewJob[], transaction: unknown): Promise<readonly Pushed[]> {
    const { pushing, commits, schema } = this.#options;
    const sql = new JoinedSql(joinTransaction(transaction), schema);
    await pushing.prepare(jobs);
    const { outcome, transaction: number } = await pushing.pushJoined(sql, jobs);
    const { pushed, changedIn } = outcome;
    if (changedIn.length > 0 || pushed.some(({ duplicate }) => !duplicate))
      commits.watch(number, () => pushing.announce(jobs, outcome));
    return pushed;
  }

  /** As outside of a transaction, but for whoever counts and whoever listens: they must not notice before the commit. */
  async complete(completions: readonly Completion[], transaction: unknown): Promise<Completed> {
    const { lanes, claiming, commits, announcing, chance, schema } = this.#options;
    const sql = new JoinedSql(joinTransaction(transaction), schema);
    const news: News[] = [];
    // A sum of its own: whoever adds to the same row would wait for the application's commit.
    const apart = -1 - Math.floor(chance.random() * 2 ** 31);
    const settling = new Settling(sql, lanes, claiming, { tell: (one) => void news.push(one) }, apart);
    const completed = await settling.complete(completions);
    const [row] = await sql.rows(NUMBER);
    commits.watch(String(row?.transaction), async () => {
      for (const one of news) announcing.tell(one);
      await this.#addUp(apart);
    });
    return completed;
  }

  async #addUp(apart: number): Promise<void> {
    await this.#options.database.rows(ADD_UP, [apart, this.#options.shard]);
  }
}

/** The application's transaction as our statements take it. */
class JoinedSql implements Sql {
  constructor(
    readonly joined: JoinedTransaction,
    readonly schema: string,
  ) {}

  async rows(text: string, values: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    const rows = await this.joined.query(inSchema(text, this.schema), values.map(String));
    return rows.map(named);
  }

  /** It is one. */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return work(this);
  }
}

/** Columns by the names that they have in SQL: plugins of some libraries make `lostTokens` of `lost_tokens`. */
function named(row: SqlRow): SqlRow {
  const entries = Object.entries(row).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return Object.fromEntries(entries) as SqlRow;
}
