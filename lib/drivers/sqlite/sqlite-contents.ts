import { Claiming } from './claiming/claiming.js';
import { Completing } from './settling/completing.js';
import { Flows } from './settling/flows.js';
import { GovernedClaiming } from './groups/governed-claiming.js';
import { GroupTable } from './groups/group-table.js';
import { HeldJobs } from './jobs/held-jobs.js';
import { LaneClaims } from './claiming/lane-claims.js';
import { Lanes } from './jobs/lanes.js';
import { Looking } from './operating/looking.js';
import { Operating } from './operating/operating.js';
import { Policies } from './jobs/policies.js';
import { PushGathering } from './pushing/push-gathering.js';
import { Pushing } from './pushing/pushing.js';
import { RichPushing } from './pushing/rich-pushing.js';
import { ScheduleTable } from './schedule-table.js';
import { Settling } from './settling/settling.js';
import { UniqueKeys } from './jobs/unique-keys.js';

/** What is done to the tables, each part knowing its statements. */
export class SqliteContents {
  readonly lanes = new Lanes();
  readonly policies = new Policies();
  readonly held = new HeldJobs();
  readonly groups = new GroupTable(this.lanes);
  readonly keys = new UniqueKeys(this.lanes, this.policies);
  readonly flows = new Flows(this.lanes);
  readonly settling = new Settling(this.lanes, this.policies, this.held, this.flows);
  readonly rich = new RichPushing(this.lanes, this.policies, this.keys, this.groups);
  readonly pushing = new Pushing(
    this.lanes,
    this.policies,
    this.rich,
    this.flows,
    this.settling.cancelBlocked,
  );
  readonly gathering = new PushGathering(this.pushing);
  readonly claims = new LaneClaims(this.lanes, this.policies, this.held, this.flows);
  readonly governed = new GovernedClaiming(this.lanes, this.claims);
  readonly claiming = new Claiming(this.lanes, this.claims, this.governed);
  readonly completing = new Completing(this.lanes, this.held, this.settling);
  readonly operating = new Operating(this.lanes, this.settling, this.keys, this.groups, this.flows);
  readonly looking = new Looking(this.lanes, this.policies, this.flows);
  readonly schedules = new ScheduleTable(this.pushing);

  /** What was learned in a transaction that was rolled back is not so; nor is what another file said. */
  forget(): void {
    this.lanes.forget();
    this.policies.forget();
    this.held.forgetAll();
  }
}
