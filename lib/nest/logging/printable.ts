// oxlint-disable-next-line no-control-regex -- control characters are exactly what must not reach a terminal
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const LONGEST = 2000;

/**
 * Text that came from a job, on one line: a line break, an escape sequence or a change of direction in it could pass for
 * a log line that nobody wrote.
 */
export function printable(text: string): string {
  const line = text.replace(UNPRINTABLE, (character) => {
    if (character === '\n') return '\\n';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return line.length > LONGEST ? `${line.slice(0, LONGEST).toWellFormed()}…` : line;
}

/** The frames of a stack. Its head is left out: it repeats the message, line breaks included. */
export function printableStack(stack: string | undefined): string | undefined {
  const frames = stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  return frames.length === 0 ? undefined : frames.map((frame) => `    ${printable(frame.trim())}`).join('\n');
}
