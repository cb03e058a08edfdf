import { AsyncLocalStorage } from 'node:async_hooks';
import {
  BackgroundJobsModule,
  ClsCarrier,
  ClsTransactions,
  TraceCarrier,
  type JobCarrier,
} from 'nestjs-background-jobs';

// Compiled by `npm run types`, never run: what must not compile is marked, and a mark without an error fails.

const tenants = new AsyncLocalStorage<string>();

// What is captured is what is restored, without being named.
export const tenantCarrier: JobCarrier<string> = {
  name: 'tenant',
  capture: () => tenants.getStore(),
  restore: (tenant, next) => (tenant === undefined ? next() : tenants.run(tenant, next)),
};

BackgroundJobsModule.forRoot({
  context: {
    current: true,
    logs: false,
    carriers: [tenantCarrier, new TraceCarrier(), new ClsCarrier({ keys: ['tenantId'] })],
  },
  transactions: new ClsTransactions({ connectionName: 'reports' }),
});

export const another: JobCarrier<string> = {
  name: 'another',
  // @ts-expect-error a number is not what restore gets
  capture: () => 7,
  restore: (_tenant, next) => next(),
};

// @ts-expect-error it has no name
export const nameless: JobCarrier = { capture: () => 1, restore: (_value, next) => next() };
// @ts-expect-error what is captured has to be restored
export const oneWay: JobCarrier = { name: 'one-way', capture: () => 1 };

// @ts-expect-error the class, not an object of it
BackgroundJobsModule.forRoot({ context: { carriers: [TraceCarrier] } });
// @ts-expect-error the option is misspelt
BackgroundJobsModule.forRoot({ context: { carrier: [tenantCarrier] } });
// @ts-expect-error all keys would be too much
void new ClsCarrier({});
// @ts-expect-error a list
void new ClsCarrier({ keys: 'tenantId' });
// @ts-expect-error it cannot say which transaction runs
BackgroundJobsModule.forRoot({ transactions: { begin: () => {} } });
// @ts-expect-error the option is misspelt
void new ClsTransactions({ connection: 'reports' });
