import { Injectable } from '@nestjs/common';

/** Stands for a table. */
@Injectable()
export class Accounts {
  readonly #states = new Map<string, 'new' | 'active' | 'unpaid'>();

  set(email: string, state: 'new' | 'active' | 'unpaid'): void {
    this.#states.set(email, state);
  }

  stateOf(email: string): 'new' | 'active' | 'unpaid' | undefined {
    return this.#states.get(email);
  }
}
