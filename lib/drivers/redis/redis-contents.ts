import { Claiming } from './claiming/claiming.js';
import { Governing } from './groups/governing.js';
import type { Lanes } from './jobs/lanes.js';
import { Looking } from './operating/looking.js';
import { Operating } from './operating/operating.js';
import { PushGathering } from './pushing/push-gathering.js';
import { Pushing } from './pushing/pushing.js';
import { RunnerTable } from './runner-table.js';
import { ScheduleTable } from './schedule-table.js';
import type { ScriptRunner } from './connection/script-runner.js';
import { Settling } from './settling/settling.js';

/** What is done to the keys, each part knowing its scripts. */
export class RedisContents {
  readonly gathering: PushGathering;
  readonly claiming: Claiming;
  readonly settling: Settling;
  readonly operating: Operating;
  readonly governing: Governing;
  readonly looking: Looking;
  readonly runners: RunnerTable;
  readonly schedules: ScheduleTable;

  constructor(runner: ScriptRunner, lanes: Lanes) {
    const pushing = new Pushing(runner, lanes);
    this.gathering = new PushGathering(pushing);
    this.claiming = new Claiming(runner, lanes);
    this.settling = new Settling(runner, lanes, this.claiming);
    this.operating = new Operating(runner, lanes, this.settling);
    this.governing = new Governing(runner);
    this.looking = new Looking(runner, lanes);
    this.runners = new RunnerTable(runner);
    this.schedules = new ScheduleTable(runner, pushing);
  }
}
