import { Injectable } from '@nestjs/common';

/** Stands for a payment provider that makes nothing of a key that it has seen. */
@Injectable()
export class Payments {
  readonly #charged = new Map<string, number>();

  charge(key: string, amount: number): Promise<void> {
    this.#charged.set(key, amount);
    return Promise.resolve();
  }

  get total(): number {
    return [...this.#charged.values()].reduce((sum, amount) => sum + amount, 0);
  }
}
