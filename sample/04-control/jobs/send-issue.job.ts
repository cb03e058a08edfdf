import { Job, type JobContext } from 'nestjs-background-jobs';
import { MailProvider } from '../mail-provider.js';

/** One copy of a newsletter. Customers take turns: a small one does not wait behind a large one. */
@Job({
  name: 'send-issue',
  queue: 'mail',
  group: (job: SendIssue) => job.customer,
  timeout: '5s',
  inject: [MailProvider],
})
export class SendIssue {
  constructor(
    readonly customer: string,
    readonly to: string,
  ) {}

  async run(provider: MailProvider, context: JobContext): Promise<void> {
    await provider.send(this.customer, this.to, context.signal);
  }
}
