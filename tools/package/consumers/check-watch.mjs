// node check-watch.mjs COMMAND...: starts program.mjs under a watcher, changes the file while a
// client is connected, and checks that the client is told to leave and that a new process serves.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bindExclusive, probeHealth } from 'gateway-lock';
import { CLIENTS } from './recipe-clients.mjs';

const LIMIT_MS = 60_000;
const listener = bindExclusive({ port: 0 });
const { port } = listener.address;
await listener.close();
const home = mkdtempSync(join(tmpdir(), 'gateway-lock-recipe-'));
const env = { ...process.env, HOME: home, GATEWAY_GATEWAY_PORT: String(port) };
const [, , program, ...args] = process.argv;
const watcher = spawn(program === 'node' ? process.execPath : program, args, {
  env,
  stdio: ['pipe', 'ignore', 'inherit'],
});
process.once('exit', () => watcher.kill());
process.once('SIGTERM', () => process.exit(1));

const before = await until((owner) => owner !== undefined);
const client = await CLIENTS.ws(port);
appendFileSync('program.mjs', '// changed\n');
const changed = performance.now();
console.log(`the client sees: ${await client.end}`);
const after = await until((owner) => owner !== undefined && owner !== before);
console.error(`restarted within ${Math.round(performance.now() - changed)} ms`);
console.log('a new process serves');
process.kill(Number(after), 'SIGTERM');
process.exit();

/** Waits for a healthy gateway whose pid fulfils the condition. Returns the pid. */
async function until(condition) {
  for (const deadline = performance.now() + LIMIT_MS; performance.now() < deadline; await sleep(50)) {
    const pid = (await probeHealth({ port })).healthy ? holder() : undefined;
    if (condition(pid)) return pid;
  }
  throw new Error(`no such process within ${LIMIT_MS} ms`);
}

/** Returns the pid in the lock file; undefined if there is none at the moment. */
function holder() {
  const [file] = readdirSync(home, { recursive: true }).filter((name) => name.endsWith('.lock'));
  return file && /"pid":(\d+)/.exec(readFileSync(join(home, file), 'utf8'))?.[1];
}
