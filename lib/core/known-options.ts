import { InvalidOptionError } from './errors.js';
import { nearestOf } from './nearest.js';

/** Refuses options that nobody reads, since a misspelt one would be a silent default. Names the likeliest meant. */
export function checkKnownOptions(options: object, known: readonly string[], where: string): void {
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue;
    const meant = nearestOf(option, known);
    const hint = meant ? `Did you mean '${meant}'?` : `Known options: ${known.join(', ')}`;
    throw new InvalidOptionError(`${where}: unknown option '${option}'. ${hint}`);
  }
}
