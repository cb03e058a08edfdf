import { Claiming } from './claiming.js';
import { Lanes } from './lanes.js';
import { Looking } from './looking.js';
import { Operating } from './operating.js';
import { PushGathering } from './push-gathering.js';
import { Pushing } from './pushing.js';
import { ScheduleTable } from './schedule-table.js';
import { Settling } from './settling.js';

/** What is done to the tables, each part knowing its statements. */
export class SqliteContents {
  readonly lanes = new Lanes();
  readonly pushing = new Pushing(this.lanes);
  readonly gathering = new PushGathering(this.pushing);
  readonly claiming = new Claiming(this.lanes);
  readonly settling = new Settling(this.lanes);
  readonly operating = new Operating(this.lanes, this.settling);
  readonly looking = new Looking(this.lanes);
  readonly schedules = new ScheduleTable(this.pushing);
}
