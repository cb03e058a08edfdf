// A schedule is held by moving its next tick out of all reach: no process has to know of it, and a declaration of the
// same timing leaves it where it is. Far enough from now to be unmistakable, near enough for any storage's dates.
const BEYOND = Date.UTC(5000, 0, 1);

/** Where the next tick of a held schedule stands; milliseconds since the epoch. */
export const HELD_AT = Date.UTC(9000, 0, 1);

/** The same as a length from now, for a held schedule that is declared with another timing. Milliseconds. */
export const HELD_FOR = BEYOND;

/** Whether a schedule whose next tick stands there is held. */
export function isHeld(nextAt: number): boolean {
  return nextAt >= BEYOND;
}
