import { Test } from '@nestjs/testing';
import { QueueHandle } from 'nestjs-background-jobs';
import { JobsTesting } from 'nestjs-background-jobs/testing';
import { expect, it, onTestFinished } from 'vitest';
import { AppModule } from './app.module.js';
import { AudioController } from './audio/audio.controller.js';
import { AudioLog } from './audio/audio-log.js';
import { CleanUp } from './audio/clean-up.job.js';
import { Transcode } from './audio/transcode.job.js';

async function boot() {
  const builder = Test.createTestingModule({ imports: [AppModule] }).setLogger({
    log: () => {},
    warn: () => {},
    error: () => {},
  });
  const jobs = JobsTesting.install(builder);
  const app = await builder.compile();
  await app.init();
  onTestFinished(() => app.close());
  return {
    jobs,
    queue: app.get(QueueHandle),
    audio: app.get(AudioController),
    lines: app.get(AudioLog).lines,
  };
}

it('transcodes what was posted, and tells of it', async () => {
  const { jobs, audio, lines } = await boot();
  const { id } = await audio.transcode({ file: 'song.mp3' });
  await jobs.expectQueued(Transcode, { payload: { file: 'song.mp3' }, queue: 'audio' });
  await jobs.drain();
  expect(await audio.job(id)).toMatchObject({
    state: 'completed',
    result: { output: 'song.ogg' },
    progress: { percent: 100 },
  });
  expect(lines).toEqual(['transcode completed']);
});

it('tries three times in all', async () => {
  const { jobs, audio, lines } = await boot();
  jobs.failNext(Transcode, new Error('disk is full'), 3);
  const { id } = await audio.transcode({});
  await jobs.advance('30s');
  expect(await audio.job(id)).toMatchObject({ state: 'dead', attempts: 3 });
  expect(lines).toEqual(Array.from({ length: 3 }, () => 'transcode failed: disk is full'));
});

it('cleans up once a minute', async () => {
  const { jobs, lines } = await boot();
  lines.push(...Array.from({ length: 150 }, (_, nth) => String(nth)));
  const runs = await jobs.advance('2m');
  expect(runs.map(({ name, outcome }) => [name, outcome])).toEqual(
    Array.from({ length: 3 }, () => ['clean-up-audio', 'completed']),
  );
  expect(lines).toHaveLength(100);
  expect(await jobs.queued(CleanUp)).toEqual([]);
});
