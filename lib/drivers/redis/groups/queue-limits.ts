import type { QueueLimits } from '../../../storage/inspection.js';

/** Six words, - where there is none: jobs that run at once, starts, within; and the same for each group. */
export function encodeLimits({ concurrency, rate, groups }: QueueLimits): string {
  return [concurrency, rate?.count, rate?.per, groups?.concurrency, groups?.rate?.count, groups?.rate?.per]
    .map((number) => number ?? '-')
    .join(' ');
}

/** Undefined where nothing is bounded. */
export function decodeLimits(text: string | undefined): QueueLimits | undefined {
  const words = (text ?? '').split(' ').map((word) => (/^\d/.test(word) ? Number(word) : undefined));
  const own = boundsOf(words.slice(0, 3));
  const groups = boundsOf(words.slice(3));
  if (own === undefined && groups === undefined) return undefined;
  return { ...own, ...(groups === undefined ? {} : { groups }) };
}

function boundsOf([concurrency, count, per]: readonly (number | undefined)[]): QueueLimits['groups'] {
  const rate = count === undefined || per === undefined ? undefined : { count, per };
  if (concurrency === undefined && rate === undefined) return undefined;
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(rate === undefined ? {} : { rate }),
  };
}
