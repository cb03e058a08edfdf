import { JobsError, StorageOpenError, StorageVersionError } from '../../../core/errors.js';
import type { PostgresClient } from '../connection/postgres-client.js';
import { codeOf, messageOf, translate } from '../connection/postgres-errors.js';
import { MIGRATIONS } from './schema.js';
import { inSchema, literal, quoted, type SqlRow } from '../connection/sql.js';

const OLDEST_SERVER = 130000;
const SERVER = `select current_setting('server_version_num')::integer as version, current_setting('server_encoding') as encoding`;
// One lock for all schemas: those who meet wait for a moment. The number is nobody else's, as far as we know.
const LOCK = `select pg_advisory_xact_lock(7206431852100)`;
// A step may take long on a table that has grown. Waiting for a lock must not: all others would wait behind it.
const BEGIN = `begin; set local statement_timeout = 0; set local lock_timeout = 5000`;
const VERSION_TABLE = `
  create table if not exists jobs.schema_version (
    version integer not null,
    single boolean primary key default true check (single)
  )`;
const VERSION = `select version from jobs.schema_version`;

/**
 * Brings the schema up to date. The version is read and written under an advisory lock of the transaction, so that of
 * any number of processes that start at once one migrates and the others find it done. Throws when the schema is
 * newer than this library, and when it holds a table of somebody else's.
 */
export async function migrate(client: PostgresClient, schema: string): Promise<void> {
  try {
    await checkServer(client);
    if ((await versionOf(client, schema)) === MIGRATIONS.length) return;
    await client.query(`${BEGIN}; ${LOCK}`);
    const version = (await versionOf(client, schema)) ?? 0;
    // Leave to create a schema is needed only where there is none.
    if (!(await hasSchema(client, schema))) await client.query(`create schema ${quoted(schema)}`);
    if (version < MIGRATIONS.length) await client.query(inSchema(stepsFrom(version), schema));
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw asOpenError(error, schema);
  }
}

/** Throws unless the schema is there and is the one that this library knows. */
export async function checkSchema(client: PostgresClient, schema: string): Promise<void> {
  try {
    await checkServer(client);
    const version = await versionOf(client, schema);
    if (version === MIGRATIONS.length) return;
    throw new StorageVersionError(
      `The schema ${quoted(schema)} has version ${version ?? 'none'}, and this version of the library needs ` +
        `${MIGRATIONS.length}. Call migrate(), or run what migrationSql() gives`,
    );
  } catch (error) {
    throw asOpenError(error, schema);
  }
}

/** All statements that bring a schema of the given version to today's, in one transaction; none when it is there. */
export function migrationSql(schema: string, from: number): string {
  if (from >= MIGRATIONS.length) return '';
  const create = from === 0 ? `create schema if not exists ${quoted(schema)};\n` : '';
  return `begin;\n${LOCK};\n${create}${inSchema(stepsFrom(from), schema)}\ncommit;\n`;
}

function stepsFrom(version: number): string {
  const record = `insert into jobs.schema_version (version) values (${MIGRATIONS.length})
    on conflict (single) do update set version = excluded.version;`;
  return [`${VERSION_TABLE};`, ...MIGRATIONS.slice(version), record].join('\n');
}

/** Undefined where there is none. Throws when it is newer than this library: it must not touch what it does not know. */
async function versionOf(client: PostgresClient, schema: string): Promise<number | undefined> {
  const tables = `select 1 from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = ${literal(schema)} and relname = 'schema_version'`;
  if ((await rowsOf(client, tables)).length === 0) return undefined;
  const [row] = await rowsOf(client, inSchema(VERSION, schema));
  const version = row === undefined ? 0 : Number(row.version);
  if (version <= MIGRATIONS.length) return version;
  throw new StorageVersionError(
    `The schema ${quoted(schema)} has version ${version}, and this version of the library knows ` +
      `${MIGRATIONS.length}. Upgrade it`,
  );
}

async function hasSchema(client: PostgresClient, schema: string): Promise<boolean> {
  const schemas = `select 1 from pg_namespace where nspname = ${literal(schema)}`;
  return (await rowsOf(client, schemas)).length > 0;
}

async function checkServer(client: PostgresClient): Promise<void> {
  const [row] = await rowsOf(client, SERVER);
  if (Number(row?.version) < OLDEST_SERVER) {
    throw new StorageOpenError(`PostgreSQL ${String(row?.version)} is too old: 13 or newer is needed`);
  }
  if (row?.encoding !== 'UTF8') {
    throw new StorageOpenError(
      `The database has the encoding ${String(row?.encoding)}, which cannot hold every text. Create one with UTF8`,
    );
  }
}

async function rowsOf(client: PostgresClient, text: string): Promise<readonly SqlRow[]> {
  const { rows } = (await client.query(text)) as { readonly rows: readonly SqlRow[] };
  return rows;
}

/** Names of ours in the schema may be somebody else's: then they are not touched. */
function asOpenError(error: unknown, schema: string): unknown {
  if (error instanceof JobsError) return error;
  if (!/^(42P07|42701|42703|42710|42723|42P16|42809)$/.test(codeOf(error))) return translate(error);
  return new StorageOpenError(
    `The schema ${quoted(schema)} has something of somebody else's: ${messageOf(error)}. Give the storage a schema of its own`,
    { cause: error },
  );
}
