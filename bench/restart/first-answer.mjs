// Measures the time from SIGKILL of the process that serves to the first answer of the next one, in
// milliseconds. Each function starts a gateway and returns a function that measures one kill.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { start, untilPrinted } from '../../test/support/command.ts';
import { freshDirectory } from '../../test/support/directories.ts';
import { freePort } from '../../test/support/free-port.ts';
import { KeptProgram } from '../../test/support/kept-program.ts';
import { NO_DELAY } from './ours.mjs';

const PARKED = fileURLToPath(new URL('parked.mjs', import.meta.url));
/** The time for the next process to do what it does after its start or its announcement. */
const SETTLE_MS = 200;
const RETRY_MS = 1;
const LIMIT_MS = 30_000;

export async function parkedStart() {
  const [directory, port] = [freshDirectory(), await freePort()];
  const begin = () => start([PARKED, directory, String(port)], { program: [process.execPath] });
  let serving = begin();
  await untilPrinted(serving, /serving/);
  return async () => {
    const next = begin();
    await untilPrinted(next, /waiting/);
    await sleep(SETTLE_MS);
    const took = await killToFirstAnswer(serving.pid, port);
    serving = next;
    return took;
  };
}

export async function runRestart() {
  const kept = await KeptProgram.start(['--restart', 'on-failure', ...NO_DELAY]);
  return async () => {
    await sleep(SETTLE_MS);
    return killToFirstAnswer(await kept.servingPid(), kept.port);
  };
}

export async function standby() {
  const kept = await KeptProgram.start(['--standby', ...NO_DELAY]);
  return async () => {
    await kept.standby();
    await sleep(SETTLE_MS);
    return killToFirstAnswer(kept.record().pid, kept.port);
  };
}

async function killToFirstAnswer(pid, port) {
  const began = performance.now();
  process.kill(pid, 'SIGKILL');
  while (!(await isAnswered(port))) {
    if (performance.now() - began > LIMIT_MS) throw new Error(`no answer within ${LIMIT_MS} ms`);
    await sleep(RETRY_MS);
  }
  return performance.now() - began;
}

/** Sends one request. Resolves with false if the connection ends without an answer. */
function isAnswered(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').setTimeout(LIMIT_MS, () => socket.destroy());
    socket.on('error', () => {}).once('close', () => resolve(false));
    socket.once('data', (answer) => {
      resolve(answer.includes('HTTP/1.1 200'));
      socket.destroy();
    });
    socket.write('GET / HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n');
  });
}
