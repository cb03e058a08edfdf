import { Injectable, Logger } from '@nestjs/common';

/** Stands for a mail provider. */
@Injectable()
export class Mailer {
  readonly #logger = new Logger(Mailer.name);

  send(to: string, subject: string): Promise<void> {
    this.#logger.log(`"${subject}" sent to ${to}`);
    return Promise.resolve();
  }
}
