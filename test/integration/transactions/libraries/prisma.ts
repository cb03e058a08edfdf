import { PrismaPg } from '@prisma/adapter-pg';
import { getPrismaClient, type GetPrismaClientConfig } from '@prisma/client/runtime/client';
import type { Library } from './library.js';

// Known to Node, and to TypeScript with the types of browsers alone.
declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };

interface Client {
  $transaction(work: (client: Client) => Promise<void>): Promise<void>;
  $executeRawUnsafe(sql: string): Promise<number>;
  $disconnect(): Promise<void>;
  $extends(extension: object): Client;
}

const load = (file: string) => import(`@prisma/client/runtime/${file}`);

/**
 * What `prisma generate` would write for a schema without models. Made by hand, since the generator comes with two
 * hundred megabytes that have nothing to do with transactions: client, adapter and query compiler are Prisma's own.
 */
const CONFIG: GetPrismaClientConfig = {
  previewFeatures: [],
  clientVersion: '7.10.0',
  engineVersion: 'none',
  activeProvider: 'postgresql',
  inlineSchema: 'datasource db {\n  provider = "postgresql"\n}\n',
  runtimeDataModel: { models: {}, enums: {}, types: {} },
  parameterizationSchema: { strings: [], graph: 'AAAA' },
  compilerWasm: {
    getRuntime: () => load('query_compiler_fast_bg.postgresql.mjs'),
    async getQueryCompilerWasmModule() {
      const { wasm } = await load('query_compiler_fast_bg.postgresql.wasm-base64.mjs');
      return new WebAssembly.Module(Buffer.from(wasm, 'base64'));
    },
    importName: './query_compiler_fast_bg.js',
  },
};

export const prisma: Library = {
  name: 'Prisma',
  async connect(url) {
    const PrismaClient = getPrismaClient(CONFIG) as unknown as new (options: object) => Client;
    const client = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 2 }) });
    const extended = client.$extends({ query: {} });
    return {
      transaction: (work) => extended.$transaction(work),
      nested: (held, work) => (held as Client).$transaction(work),
      run: (held, sql) => (held as Client).$executeRawUnsafe(sql),
      outside: { PrismaClient: client, 'an extended PrismaClient': extended },
      close: () => client.$disconnect(),
    };
  },
};
