import { Claiming } from './claiming.js';
import { Governing } from './governing.js';
import type { Lanes } from './lanes.js';
import { Looking } from './looking.js';
import { Operating } from './operating.js';
import { PushGathering } from './push-gathering.js';
import { Pushing } from './pushing.js';
import { RunnerTable } from './runner-table.js';
import { ScheduleTable } from './schedule-table.js';
import type { ScriptRunner } from './script-runner.js';
import { Settling } from './settling.js';

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
