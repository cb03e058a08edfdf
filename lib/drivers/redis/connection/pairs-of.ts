/** Fields and values of a hash, which scripts return as one list. */
export function pairsOf(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let nth = 0; nth < flat.length; nth += 2) pairs.push([flat[nth] ?? '', flat[nth + 1] ?? '']);
  return pairs;
}
