import { drizzleNodePostgres, drizzlePostgresJs } from './drizzle.js';
import { knex } from './knex.js';
import { kysely, kyselyControlled } from './kysely.js';
import type { Library } from './library.js';
import { mikroOrm } from './mikro-orm.js';
import { pg } from './pg.js';
import { postgresJs } from './postgres-js.js';
import { prisma } from './prisma.js';
import { typeOrm, typeOrmQueryRunner } from './typeorm.js';

export const EVERY_LIBRARY: readonly Library[] = [
  pg,
  typeOrm,
  typeOrmQueryRunner,
  prisma,
  drizzleNodePostgres,
  drizzlePostgresJs,
  knex,
  kysely,
  kyselyControlled,
  mikroOrm,
  postgresJs,
];
