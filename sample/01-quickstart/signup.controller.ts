import { Body, Controller, Post } from '@nestjs/common';
import { QueueHandle } from 'nestjs-background-jobs';
import { MonthlyReport } from './jobs/monthly-report.job.js';
import { PartnerSync } from './jobs/partner-sync.job.js';
import { WelcomeEmail } from './jobs/welcome-email.job.js';

interface Signup {
  readonly email?: string;
}

interface Report {
  readonly month?: string;
  readonly pages?: number;
}

/** Answers at once; what takes time happens in jobs. */
@Controller()
export class SignupController {
  constructor(private readonly jobs: QueueHandle) {}

  @Post('signup')
  signup(@Body() { email = 'ada@example.com' }: Signup = {}) {
    return this.jobs.queue(new WelcomeEmail(email));
  }

  @Post('reports')
  report(@Body() { month = '2030-01', pages = 10 }: Report = {}) {
    return this.jobs.queue(new MonthlyReport(month, pages));
  }

  @Post('sync')
  sync() {
    return this.jobs.queue(new PartnerSync(`account-${Date.now()}`));
  }
}
