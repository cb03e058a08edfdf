import { dataSource, SHOP_SCHEMA, storage } from '../database.js';
import { Product } from './product.entity.js';

/** What a deploy does before it starts processes: both schemas are brought up to date once. */
export async function prepareShop(): Promise<void> {
  const source = await dataSource().initialize();
  try {
    await source.query(`create schema if not exists "${SHOP_SCHEMA}"`);
    await source.synchronize();
    await source.createQueryBuilder().insert().into(Product).values({ name: 'teapot' }).orIgnore().execute();
  } finally {
    await source.destroy();
  }
  await storage().migrate();
}
