import { Injectable } from '@nestjs/common';

/** Stands for a service of somebody else that is down every now and then. */
@Injectable()
export class Partner {
  readonly #calls = new Map<string, number>();

  /** Fails twice for each account, then works. */
  fetchOrders(account: string): Promise<number> {
    const calls = (this.#calls.get(account) ?? 0) + 1;
    this.#calls.set(account, calls % 3);
    if (calls < 3) return Promise.reject(new Error(`The partner answered 503 for ${account}`));
    return Promise.resolve(42);
  }
}
