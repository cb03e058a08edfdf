import { setTimeout as wait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { NonRetryableError } from 'nestjs-background-jobs';

/** Stands for the service that sends the mail. It refuses one domain until somebody has mended that. */
@Injectable()
export class MailProvider {
  isMended = false;
  readonly #sent = new Map<string, number>();

  /** Copies sent for that customer, or for all. */
  sentTo(customer?: string): number {
    if (customer !== undefined) return this.#sent.get(customer) ?? 0;
    return [...this.#sent.values()].reduce((sum, count) => sum + count, 0);
  }

  async send(customer: string, to: string, signal: AbortSignal): Promise<void> {
    await wait(20, undefined, { signal });
    if (!this.isMended && to.endsWith('@old.example')) {
      throw new NonRetryableError(`550 the domain of ${to} is unknown`);
    }
    this.#sent.set(customer, this.sentTo(customer) + 1);
  }
}
