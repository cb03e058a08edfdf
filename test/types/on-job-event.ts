import { Injectable } from '@nestjs/common';
import { Job, OnJobEvent, type EventOf } from 'nestjs-background-jobs';

@Job({ name: 'charge' })
class Charge {
  run(): void {}
}

@Injectable()
export class Listener {
  @OnJobEvent('dead', { job: Charge })
  async onDead({ reason }: EventOf<'dead'>): Promise<string> {
    return reason;
  }

  @OnJobEvent('completed')
  @OnJobEvent('dead')
  onEnd({ duration }: EventOf<'completed' | 'dead'>): number {
    return duration;
  }

  @OnJobEvent('rescued')
  onFound({ reason }: EventOf<'rescued'>): 'stalled' | 'expired' | undefined {
    return reason;
  }

  @OnJobEvent('storage-down')
  onOutage(): void {}

  // @ts-expect-error it is called with another event
  @OnJobEvent('started')
  onStart(_event: EventOf<'dead'>): void {}

  // @ts-expect-error no class of jobs has outages
  @OnJobEvent('storage-down', { job: Charge })
  onOutageOf(): void {}
}
