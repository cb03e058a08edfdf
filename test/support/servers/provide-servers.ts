import { servers, stopServers } from './servers.js';

// Vitest loads this file anew for each project that names it; the process is what they share.
const shared = globalThis as { areServersReported?: boolean };

/** Finds the servers before any test, says which they are, and ends at the end what was started. */
export default function provideServers(): () => Promise<void> {
  if (!shared.areServersReported) {
    const lines = Object.entries(servers).map(([name, server]) =>
      'unavailable' in server ? `  ${name}: none; ${server.unavailable}` : `  ${name}: ${server.origin}`,
    );
    process.stdout.write(`\nServers:\n${lines.join('\n')}\n`);
  }
  shared.areServersReported = true;
  return stopServers;
}
