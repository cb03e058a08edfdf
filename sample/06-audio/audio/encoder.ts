import { Injectable } from '@nestjs/common';

interface EncodeOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (percent: number) => void;
}

/** Stands for a program that takes its time. */
@Injectable()
export class Encoder {
  encode(file: string, { signal, onProgress }: EncodeOptions): Promise<string> {
    signal.throwIfAborted();
    onProgress(100);
    return Promise.resolve(file.replace(/\.\w+$/, '.ogg'));
  }
}
