import { PostgresStorage } from 'nestjs-background-jobs/postgres';
import { DataSource } from 'typeorm';
import { Order } from './shop/order.entity.js';
import { Product } from './shop/product.entity.js';

const POSTGRES_URL = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/** The shop's own tables, and those of the jobs. Two schemas of one database, so that one transaction reaches both. */
export const SHOP_SCHEMA = process.env.SHOP_SCHEMA ?? 'sample_shop';
export const JOBS_SCHEMA = `${SHOP_SCHEMA}_jobs`;

/** Where it is, without a password that may be in the URL. */
export const PLACE = new URL(POSTGRES_URL).host;

export const storage = () => new PostgresStorage({ connectionString: POSTGRES_URL, schema: JOBS_SCHEMA });

/** Not connected yet. */
export const dataSource = () =>
  new DataSource({ type: 'postgres', url: POSTGRES_URL, schema: SHOP_SCHEMA, entities: [Order, Product] });
