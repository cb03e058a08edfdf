import { servers, type Servers } from './servers/servers.js';
import { REQUIRED_STORAGES } from './storages.js';

/** Where the server of a storage is. Without one the test is skipped and says why; where it is required, it fails. */
export function needServer(storage: keyof Servers, skip: (reason: string) => never): string {
  const server = servers[storage];
  if ('url' in server) return server.url;
  if (REQUIRED_STORAGES.includes(storage)) throw new Error(`${storage} is required: ${server.unavailable}`);
  return skip(server.unavailable);
}
