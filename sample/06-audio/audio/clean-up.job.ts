import { Every, Job } from 'nestjs-background-jobs';
import { AudioLog } from './audio-log.js';

/** What was a method with `@Interval`. One job a minute for all processes together. */
@Every('1m', { overlap: 'skip' })
@Job({ name: 'clean-up-audio', keep: { completed: false }, inject: [AudioLog] })
export class CleanUp {
  run(log: AudioLog): void {
    log.lines.splice(0, log.lines.length - 100);
  }
}
