import { Body, Controller, Post } from '@nestjs/common';
import { QueueHandle } from 'nestjs-background-jobs';
import { Accounts } from './accounts.js';
import { Charge } from './jobs/charge.job.js';
import { WelcomeEmail } from './jobs/welcome-email.job.js';

interface Signup {
  readonly email: string;
  readonly price?: number;
}

@Controller('signup')
export class SignupController {
  constructor(
    private readonly accounts: Accounts,
    private readonly jobs: QueueHandle,
  ) {}

  @Post()
  async signup(@Body() { email, price = 0 }: Signup) {
    this.accounts.set(email, 'new');
    await this.jobs.queue(new WelcomeEmail(email));
    if (price > 0) await this.jobs.queue(new Charge(email, price));
  }
}
