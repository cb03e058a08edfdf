import type { EndNews } from '../../client/wait/end-news.js';
import type { EventSource } from './job-events.js';

/** The ends of jobs among the events of this process. They are made only while somebody listens. */
export function endNewsOf(events: EventSource): EndNews {
  return {
    subscribe(listener) {
      const subscriptions = (['completed', 'dead', 'cancelled', 'rescued'] as const).map((kind) =>
        events.on(kind).subscribe({
          next: (event) => {
            if (event.kind === 'rescued') listener.ended(event.id);
            else if ('job' in event) listener.ended(event.job.id);
          },
          complete: () => listener.closed(),
        }),
      );
      return () => subscriptions.forEach((subscription) => subscription.unsubscribe());
    },
  };
}
