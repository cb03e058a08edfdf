import { InvalidJobError } from '../core/errors.js';

/**
 * Has a method of a job class or of a handler called after a job of it has died, whatever the reason. On a job class the method
 * gets what `run` would have injected, then the `JobDeath`, and `this` is the job; on a class with `@JobHandler` it
 * gets the job and the `JobDeath`.
 *
 *     @OnDead()
 *     async refund(payments: Payments, death: JobDeath) { await payments.refund(this.orderId, death.reason); }
 *
 * **It is best effort.** It is called once, by the process that recorded the death, and a process that ends in between never
 * calls it; what it throws is logged and changes nothing. A job that died without a run (`stalled`, `expired`) is found by
 * any process with workers: only one that has this class among its providers tells of it, and only while the record is
 * kept. What must follow on a death, through crashes too, is a job of its own: `batch(jobs, { onDead })`, or a step of a `flow`
 * that needs `'dead'`.
 *
 * Guards, interceptors, pipes and filters do not stand around it. A job that is started again by hand and dies again is
 * another death. Of one whose payload is invalid, the fields are as they were stored, or missing. At most ten are told at once.
 *
 * One method per class, inherited ones included; a second, or a static one, fails with `InvalidJobError`.
 * @publicApi
 */
export function OnDead(): (prototype: object, method: string) => void {
  return (prototype, method) => {
    if (typeof prototype === 'function') throw new InvalidJobError('@OnDead: the method is static');
    const other = methods.get(prototype);
    if (other !== undefined) {
      throw new InvalidJobError(
        `${prototype.constructor.name} has @OnDead on ${other} and on ${method}: keep one of them`,
      );
    }
    methods.set(prototype, method);
  };
}

/** The name of the method that a class wants called; its own before an inherited one. */
export function onDeadOf(prototype: unknown): string | undefined {
  for (let at = prototype; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at) as unknown) {
    const method = methods.get(at);
    if (method !== undefined) return method;
  }
  return undefined;
}

const methods = new WeakMap<object, string>();
