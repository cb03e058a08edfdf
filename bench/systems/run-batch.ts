/** Runs what was taken, `concurrency` at a time. */
export async function runBatch<Row>(
  rows: readonly Row[],
  concurrency: number,
  run: (row: Row) => Promise<void>,
): Promise<void> {
  const left = rows.values();
  const slot = async () => {
    for (const row of left) await run(row);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, rows.length) }, slot));
}
