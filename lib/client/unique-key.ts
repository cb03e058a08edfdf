/** The text a storage knows a unique key by. Keys of different job names never meet: names hold no control characters. */
export function storedUniqueKey(name: string, key: string): string {
  return `${name}\n${key}`;
}
