import type { LoggerService } from '@nestjs/common';

/** What happened, in order, for tests to wait on. */
export class Trace {
  readonly lines: string[] = [];
  readonly #waiting = new Set<() => void>();

  add(line: string): void {
    this.lines.push(line);
    for (const check of this.#waiting) check();
  }

  /** Resolves once a line is there that starts so. The test's own timeout ends a wait for what never comes. */
  async until(start: string): Promise<string> {
    return this.when(() => this.lines.find((line) => line.startsWith(start)));
  }

  async count(start: string, count: number): Promise<readonly string[]> {
    return this.when(() => {
      const found = this.lines.filter((line) => line.startsWith(start));
      return found.length >= count ? found : undefined;
    });
  }

  when<Found>(find: () => Found | undefined): Promise<Found> {
    return new Promise((resolve) => {
      const check = () => {
        const found = find();
        if (found === undefined) return;
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }
}

/** A logger that writes `level context: message` into a trace. */
export class TraceLogger implements LoggerService {
  readonly trace = new Trace();

  log = (...parts: unknown[]) => this.#write('log', parts);
  error = (...parts: unknown[]) => this.#write('error', parts);
  warn = (...parts: unknown[]) => this.#write('warn', parts);
  debug = (...parts: unknown[]) => this.#write('debug', parts);
  verbose = (...parts: unknown[]) => this.#write('verbose', parts);
  fatal = (...parts: unknown[]) => this.#write('fatal', parts);

  #write(level: string, parts: unknown[]): void {
    const context = parts.pop();
    this.trace.add(`${level} ${String(context)}: ${parts.join(' | ')}`);
  }
}
