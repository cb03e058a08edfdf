// What the code blocks of README.md and docs/guides take for granted: whatever every reader has, and whose declaration
// there would hide what the block is about.
import type { NestInterceptor } from '@nestjs/common';
import type { TestingModuleBuilder } from '@nestjs/testing';
import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import type { DataSource as Source } from 'typeorm';
import type { JobInspector, QueueHandle, Storage } from '../../lib/index.js';
import type { SqliteDatabase } from '../../lib/drivers/sqlite/index.js';

// Injected
export declare const jobs: QueueHandle;
export declare const inspector: JobInspector;

// Of a test
export declare const builder: TestingModuleBuilder;

// An application's services
export declare class Mailer {
  send(to: string, subject: string, options?: { readonly signal?: AbortSignal }): Promise<void>;
}
export declare class Books {
  close(period: Date | string, tick?: Date): Promise<void>;
}
export declare class Entries {
  insert(entry: object): Promise<void>;
}
export declare class Files {
  removeOld(): Promise<void>;
}
export declare class Pager {
  page(text: string): Promise<void>;
}
export declare class Payments {
  charge(orderId: string, options: { readonly signal: AbortSignal }): Promise<void>;
  release(orderId: string, why: string): Promise<void>;
}
export declare class Tenants {
  isActive(id: string): Promise<boolean>;
}
export declare const TimingInterceptor: new () => NestInterceptor;
export declare const audit: { write(...entries: unknown[]): Promise<void> };

// Its jobs
export declare class ChargeCard {
  run(): void;
}
export declare class Digest {
  constructor(user: string);
}
export declare class RenderVideo {
  run(): void;
}
export declare class SendConfirmation {
  constructor(order: number);
}
export declare class ShipOrder {
  constructor(order: number);
}
export declare class Sync {
  constructor(shop: string);
}

// Its data
export declare const id: string;
export declare const otherId: string;
export declare const fingerprint: string;
export declare const order: { readonly id: number };
export declare const request: { readonly signal: AbortSignal };
export declare const shop: { readonly id: string };
export declare const user: { readonly id: string; readonly timeZone: string };
export declare class Account {
  id: number;
  balance: number;
}

// Its databases
export declare const storage: Storage;
export declare const connectionString: string;
export declare const url: string;
export declare const pool: Pool;
export declare const client: Redis;
export { AsyncLocalStorage } from 'node:async_hooks';
export { DataSource } from 'typeorm';
export declare const dataSource: Source;
export declare class Database implements SqliteDatabase {
  constructor(path: string);
  exec: SqliteDatabase['exec'];
  prepare: SqliteDatabase['prepare'];
  close: SqliteDatabase['close'];
  transaction(work: () => void): () => void;
}
export declare const database: Database;
export declare const insertOrder: { run(order: object): void };
