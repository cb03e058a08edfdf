import { roomOf, startsOf, type Bounds, type Room } from '../../../storage/queue-room.js';

/** A queue that a claim holds: nobody else claims from it until the transaction ends. */
export interface HeldQueue {
  readonly key: string;
  readonly hasGroups: boolean;
  readonly bounds: Bounds;
  readonly groupBounds: Bounds;
  /** Of the jobs without a group; 0 until they were seen. */
  turn: number;
  /** The last number that was given to a group. */
  turns: number;
}

/** How a group stands. */
export interface GroupStanding {
  readonly starts: string | null;
  readonly is_paused: boolean;
  readonly running: number;
}

/** A group that something has happened to. */
export interface LookedAt extends GroupStanding {
  readonly id: number;
  readonly look_at: number | null;
  /** The lanes that it has ready jobs in. */
  readonly ready: readonly number[];
  /** The lanes that it stands in line in, with that turn. */
  readonly lined: readonly number[];
  readonly turn: number | null;
}

/** Groups that leave the line or come into it, and when the time alone makes it worth to look at one again. */
export interface LineChanges {
  readonly leave: readonly { readonly grp: number; readonly lane: number }[];
  readonly join: readonly { readonly grp: number; readonly lane: number; readonly turn: number }[];
  readonly looks: readonly { readonly id: number; readonly at: number | null }[];
}

export const NO_CHANGES: LineChanges = { leave: [], join: [], looks: [] };

export function isChange({ leave, join, looks }: LineChanges): boolean {
  return leave.length + join.length + looks.length > 0;
}

/** How many jobs of a group may start. */
export function roomOfGroup(
  { is_paused: isPaused, running, starts }: GroupStanding,
  bounds: Bounds,
  now: number,
): Room {
  if (isPaused) return { count: 0 };
  return roomOf(bounds, running, startsOf(starts), now);
}

/** Puts groups into line where one of their jobs may start, or out of it. */
export function lineUp(queue: HeldQueue, groups: readonly LookedAt[], now: number): LineChanges {
  const leave: LineChanges['leave'][number][] = [];
  const join: LineChanges['join'][number][] = [];
  const looks: LineChanges['looks'][number][] = [];
  for (const group of groups) {
    const { id, ready, lined, look_at: lookAt } = group;
    const room = roomOfGroup(group, queue.groupBounds, now);
    const wanted = room.count > 0 ? ready : [];
    for (const lane of lined) if (!wanted.includes(lane)) leave.push({ grp: id, lane });
    const added = wanted.filter((lane) => !lined.includes(lane));
    // One that comes new waits for every other once.
    const turn = group.turn ?? (added.length === 0 ? 0 : (queue.turns += 1));
    for (const lane of added) join.push({ grp: id, lane, turn });
    const at = (ready.length > 0 ? room.opensAt : undefined) ?? null;
    if (at !== lookAt) looks.push({ id, at });
  }
  return { leave, join, looks };
}
