/** Waits for the condition, for at most twenty seconds. */
export async function eventually(condition: () => unknown, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const isSo: unknown = await condition();
    if (isSo === true) return;
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What the application was warned of since, as codes. */
export function listenToWarnings(): { readonly codes: string[]; stop(): void } {
  const codes: string[] = [];
  const listener = (warning: Error & { readonly code?: string }) => {
    if (warning.name === 'JobsWarning') codes.push(warning.code ?? '');
  };
  process.on('warning', listener);
  return { codes, stop: () => void process.off('warning', listener) };
}
