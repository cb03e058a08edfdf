// Keeps one private server for the process that started this one, and takes it down with that process.
// However that process ends, its end closes the channel: a server and its data never outlive a crashed test run.
// Argument: { program, args, folder, env, killSignal, uid?, gid? } as JSON. Messages in: { do: 'start' } or { do: 'signal', signal }.
// Messages out: { pid } once it runs, { problem } when it cannot, { ended } when it does not run any more.
import { spawn } from 'node:child_process';
import { openSync, closeSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const PATIENCE = 5_000;

const { program, args, folder, env, killSignal, uid, gid } = JSON.parse(process.argv[2]);
let server;

process.on('message', (message) => {
  if (message.do === 'start') start();
  // Through the handle, never by number: the number of a process that is gone may be somebody else's by now.
  else server?.kill(message.signal);
});

process.on('disconnect', () => {
  if (server === undefined) return leave();
  server.once('exit', leave);
  server.kill(killSignal);
  setTimeout(() => server?.kill('SIGKILL'), PATIENCE);
});

// The test run may have gone while this program was loading, before anybody listened for it.
if (!process.connected) leave();

// A Ctrl-C is for the test run; this process goes when that one has gone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

function start() {
  const log = openSync(join(folder, 'server.log'), 'a');
  const started = spawn(program, args, { cwd: folder, env, uid, gid, stdio: ['ignore', log, log] });
  closeSync(log);
  started.once('error', (error) => tell({ problem: error.message }));
  started.once('spawn', () => {
    server = started;
    tell({ pid: started.pid });
  });
  started.once('exit', (code, signal) => {
    server = undefined;
    tell({ ended: String(signal ?? code) });
  });
}

function tell(message) {
  // The test run may go at any moment, also between the question and the answer.
  if (process.connected) process.send(message, () => {});
}

function leave() {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit();
}
