import type { Chance, Clock } from '../../core/clock.js';
import type { Announcing } from './signals/announcing.js';
import { Claiming } from './claiming/claiming.js';
import { CommitWatch } from './connection/commit-watch.js';
import type { Database } from './connection/database.js';
import { Flows } from './settling/flows.js';
import { GovernedClaiming } from './groups/governed-claiming.js';
import { GroupTable } from './groups/group-table.js';
import { HeldJobs } from './jobs/held-jobs.js';
import { Joining } from './pushing/joining.js';
import { Lanes } from './jobs/lanes.js';
import { Looking } from './operating/looking.js';
import { Operating } from './operating/operating.js';
import { Policies } from './jobs/policies.js';
import { PushGathering } from './pushing/push-gathering.js';
import { Pushing } from './pushing/pushing.js';
import { Requeueing } from './operating/requeueing.js';
import { Rescuing } from './settling/rescuing.js';
import { ScheduleTable } from './schedule-table.js';
import { Settling } from './settling/settling.js';

// Few enough that stats add them up in no time, enough that two processes seldom share one.
const SHARDS = 64;

export interface ContentsOptions {
  /** The connections that leases depend on, which nobody else uses. */
  readonly runners: Database;
  /** Those for all else. */
  readonly callers: Database;
  readonly announcing: Announcing;
  readonly schema: string;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** What is done to the tables while the storage is open, each part knowing its statements. */
export class PostgresContents {
  readonly runners: Database;
  readonly callers: Database;
  readonly lanes = new Lanes();
  readonly policies = new Policies();
  readonly claiming: Claiming;
  readonly settling: Settling;
  readonly rescuing: Rescuing;
  readonly pushing: Pushing;
  readonly gathering: PushGathering;
  readonly groups: GroupTable;
  readonly operating: Operating;
  readonly requeueing: Requeueing;
  readonly looking: Looking;
  readonly schedules: ScheduleTable;
  readonly commits: CommitWatch;
  readonly joining: Joining;

  constructor({ runners, callers, announcing, schema, clock, chance }: ContentsOptions) {
    this.runners = runners;
    this.callers = callers;
    const shard = Math.floor(chance.random() * SHARDS);
    this.claiming = new Claiming(
      runners,
      this.lanes,
      this.policies,
      new GovernedClaiming(runners),
      new HeldJobs(),
    );
    const flows = new Flows(shard);
    this.settling = new Settling(runners, this.lanes, this.claiming, announcing, shard);
    this.rescuing = new Rescuing(runners, this.lanes, flows, announcing, shard);
    this.groups = new GroupTable(callers, announcing, () => clock.monotonic());
    this.pushing = new Pushing(callers, this.lanes, this.policies, this.groups, flows, announcing);
    this.gathering = new PushGathering((jobs) => this.pushing.push(jobs));
    this.operating = new Operating(callers, this.lanes, flows, announcing);
    this.requeueing = new Requeueing(callers, this.lanes, this.groups, flows, announcing);
    this.looking = new Looking(callers, this.lanes);
    this.schedules = new ScheduleTable(callers, this.pushing, announcing);
    this.commits = new CommitWatch(callers, clock);
    const { lanes, claiming, pushing, commits } = this;
    this.joining = new Joining({
      ...{ schema, database: callers, lanes, claiming, pushing, announcing, commits, chance, shard },
    });
  }
}
