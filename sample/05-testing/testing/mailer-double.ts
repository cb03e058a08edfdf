/** Writes down what it was to send. */
export class MailerDouble {
  readonly sent: string[] = [];
  /** Happens when the mail is out and `send` has not returned yet. */
  onSent: () => unknown = () => {};

  async send(to: string, subject: string): Promise<void> {
    this.sent.push(`${subject}: ${to}`);
    await this.onSent();
  }
}
