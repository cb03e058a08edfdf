const told = new Set<string>();

/**
 * Tells the application what it should know and no caller asked for: Node prints it, and `process.on('warning')`
 * hears it. The same about the same server is told once by a process, however many storages it opens.
 */
export function warnOnce(server: string, code: string, message: string): void {
  const key = `${server} ${code}`;
  if (told.has(key)) return;
  told.add(key);
  warn(code, message);
}

export function warn(code: string, message: string): void {
  process.emitWarning(message, { type: 'JobsWarning', code });
}
