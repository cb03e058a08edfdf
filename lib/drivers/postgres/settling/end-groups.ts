import type { Settlement } from '../../../core/settlement.js';
import type { Before } from '../claiming/claiming.js';
import { STATE } from '../schema/schema.js';
import { endingRequest, isEnding, type Ending } from './settlement-request.js';
import { COMPLETE_ALIKE, COMPLETE_AWAY, END, ENDED } from './settling.sql.js';
import { arrayOf } from '../connection/sql.js';

/** Fewer that end alike are not worth a statement of their own. */
const FEW = 20;

/** The end of a run, or a lease that is given back where there is no settlement. */
export interface Asked {
  readonly key: string;
  readonly token: number;
  readonly settlement: Settlement | undefined;
  /** Its end was written, by this call. */
  isSettled: boolean;
}

/** Endings that share a statement. */
export interface EndGroup {
  readonly before: Before;
  readonly members: readonly Asked[];
}

/** Plain completions that are written alike. */
interface Alike {
  readonly settlement: Ending;
  readonly token: number;
  readonly members: Asked[];
}

/** The endings, put together as far as they can share a statement; the most are in the last. `shard`: whose sums they are added to. */
export function groupEnds(asked: readonly Asked[], shard: number): EndGroup[] {
  const alike: Alike[] = [];
  const others: Asked[] = [];
  for (const one of asked) {
    const { settlement, token } = one;
    if (settlement === undefined || !isEnding(settlement)) continue;
    const group = alike.find((known) => known.token === token && isSameEnd(settlement, known.settlement));
    if (group !== undefined) group.members.push(one);
    else if (settlement.state === 'completed' && settlement.result === undefined && alike.length < FEW) {
      alike.push({ settlement, token, members: [one] });
    } else others.push(one);
  }
  const [most, ...rest] = alike.toSorted((a, b) => b.members.length - a.members.length);
  const apart = rest.filter(({ members }) => members.length >= FEW).toReversed();
  for (const { members } of rest) if (members.length < FEW) others.push(...members);
  return [
    ...(others.length === 0 ? [] : [groupOf(others, shard)]),
    ...apart.map((group) => groupOfAlike(group, shard)),
    ...(most === undefined ? [] : [groupOfAlike(most, shard)]),
  ];
}

function groupOf(members: readonly Asked[], shard: number): EndGroup {
  const requests = members.map(({ key, token, settlement }) =>
    endingRequest(key, token, settlement as Ending, STATE.running),
  );
  const values = [JSON.stringify(requests), shard, requests.length];
  return { before: { kind: 'end', tables: `${END},`, ended: ENDED('$3'), values }, members };
}

function groupOfAlike({ settlement: { attempt, keep }, token, members }: Alike, shard: number): EndGroup {
  const values = [arrayOf(members.map(({ key }) => key)), shard, token];
  const before: Before =
    keep === false
      ? {
          ...{ kind: 'away', tables: `${COMPLETE_AWAY},`, ended: ENDED('$4') },
          values: [...values, members.length],
        }
      : {
          ...{ kind: 'alike', tables: `${COMPLETE_ALIKE},`, ended: ENDED('$6') },
          values: [...values, attempt, Math.ceil(keep), members.length],
        };
  return { before, members };
}

/** Whether two completions without a result are written alike, given the same token. */
function isSameEnd(one: Settlement, other: Settlement): boolean {
  return (
    one.state === 'completed' &&
    other.state === 'completed' &&
    one.result === undefined &&
    one.attempt === other.attempt &&
    one.keep === other.keep
  );
}
