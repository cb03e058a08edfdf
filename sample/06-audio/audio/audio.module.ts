import { Module } from '@nestjs/common';
import { AudioController } from './audio.controller.js';
import { AudioHandler } from './audio.handler.js';
import { AudioLog } from './audio-log.js';
import { CleanUp } from './clean-up.job.js';
import { Encoder } from './encoder.js';

@Module({ controllers: [AudioController], providers: [AudioHandler, AudioLog, CleanUp, Encoder] })
export class AudioModule {}
