import { Job } from 'nestjs-background-jobs';

/** Data alone; `AskForReviewHandler` does the work, three days after the order was shipped. */
@Job({ name: 'ask-for-review', queue: 'mail' })
export class AskForReview {
  constructor(readonly orderId: number) {}
}
