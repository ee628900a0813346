// Runs bench/restart/server.mjs as a worker of node:cluster. On SIGHUP starts a new worker, and ends
// the old one when the new one listens. Prints `replaced` when the old one has ended.
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';

cluster.setupPrimary({ exec: fileURLToPath(new URL('server.mjs', import.meta.url)), silent: true });
let worker = cluster.fork();

process.on('SIGHUP', () => {
  const old = worker;
  worker = cluster.fork();
  worker.once('listening', () => old.disconnect());
  old.once('exit', () => console.log('replaced'));
});
