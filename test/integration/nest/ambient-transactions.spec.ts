import { ClsModule } from 'nestjs-cls';
import {
  BackgroundJobsModule,
  ClsTransactions,
  Job,
  MemoryStorage,
  OutboxStorage,
  QueueHandle,
  Storage,
  type AmbientTransactions,
  type JobOutbox,
} from 'nestjs-background-jobs';
import { expect, it } from 'vitest';
import { boot, bootError } from './application.js';

@Job({ name: 'mail' })
class Mail {
  run() {}
}

/** Keeps what it was given, by transaction. */
class Outbox implements Pick<JobOutbox, 'put'> {
  readonly put = (_jobs: unknown, _transaction: unknown) => Promise.resolve();
}

const able = () =>
  new OutboxStorage({ storage: new MemoryStorage(), outbox: new Outbox() as unknown as JobOutbox });
const open: AmbientTransactions = { current: () => 'a transaction' };

it.each<[string, object, string]>([
  ['a storage that joins none', { transactions: open }, 'transactions: the memory storage can join none'],
  ['no way to ask', { storage: able(), transactions: {} }, 'must have a method current'],
  [
    'a plugin that is not registered',
    { storage: able(), transactions: new ClsTransactions() },
    'ClsPluginTransactional is none of the plugins',
  ],
  [
    'a connection that is not registered',
    { storage: able(), transactions: new ClsTransactions({ connectionName: 'other' }) },
    "ClsPluginTransactional with connectionName 'other'",
  ],
])('transactions with %s fail at boot', async (_, options, message) => {
  const error = await bootError({ imports: [ClsModule.forRoot(), BackgroundJobsModule.forRoot(options)] });
  expect(error).toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining(message) as string,
  });
});

it('in a test whose storage joins none, jobs are queued at once, and that is said', async () => {
  const { app, log } = await boot(
    { imports: [BackgroundJobsModule.forRoot({ storage: able(), transactions: open })], providers: [Mail] },
    (builder) => builder.overrideProvider(Storage).useValue(new MemoryStorage()),
  );
  await expect(app.get(QueueHandle).queue(new Mail())).resolves.toMatchObject({ duplicate: false });
  expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([
    expect.stringContaining('The memory storage joins no transactions'),
  ]);
});
