import { servers } from '../../../test/support/servers/servers.js';

// The application reads these when it is loaded, so that this comes before all of it. Each process of the test runner
// has schemas of its own.
process.env.SHOP_SCHEMA = `shop_test_${process.pid}`;
// Where the tests of this repository found a server; those of an application would leave it to the environment.
if ('url' in servers.postgres) process.env.POSTGRES_URL = servers.postgres.url;

export const PLACE = {
  connectionString: process.env.POSTGRES_URL ?? 'postgres://127.0.0.1',
  schema: process.env.SHOP_SCHEMA,
  jobsSchema: `${process.env.SHOP_SCHEMA}_jobs`,
};
