// A killed holder keeps its lock and its port until the kernel has freed its memory. Until then, a
// starting gateway must wait, not fail.
import { freemem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Actor, startActor } from '../support/actors.js';
import { type Missing, need, whyNoInheritance, whyNoSignals } from '../support/capabilities.js';
import { printedPid, type Running, start } from '../support/command.js';
import { freshDirectory } from '../support/directories.js';
import { freePort } from '../support/free-port.js';

const FREE_MEGABYTES = Math.floor(freemem() / 2 ** 20);
const MIN_MEGABYTES = 64;

/** The number of kills. Run the full test with DYING_HOLDER_KILLS=100 DYING_HOLDER_MB=1024. */
const KILLS = Number(process.env['DYING_HOLDER_KILLS'] ?? 10);
const MEGABYTES = Number(process.env['DYING_HOLDER_MB'] ?? Math.min(1024, Math.floor(FREE_MEGABYTES / 8)));
/** A busy machine takes 10 s to give each holder its memory. */
const TEST_TIMEOUT_MS = 60_000 + KILLS * 30_000;

const HEAVY_SERVER = fileURLToPath(new URL('../fixtures/heavy-server.mjs', import.meta.url));

interface Round {
  readonly startedMs: number;
  readonly refusal: string | null;
}

/**
 * Skips the test unless there is memory for two holders, because the dying holder and its successor
 * exist at the same time.
 */
function whyNoMemory(): Missing {
  const enough = MEGABYTES >= MIN_MEGABYTES && FREE_MEGABYTES > 3 * MEGABYTES;
  return enough ? null : `needs more free memory than ${FREE_MEGABYTES} MB for holders of ${MEGABYTES} MB`;
}

function report(what: string, rounds: readonly Round[]): void {
  const times = rounds.map(({ startedMs }) => startedMs).sort((a, b) => a - b);
  const refused = rounds.filter(({ refusal }) => refusal !== null).length;
  const [p50, max] = [times[Math.floor(times.length / 2)], times.at(-1)].map((ms) => Math.round(ms!));
  console.log(
    `${what}: ${rounds.length} kills with ${MEGABYTES} MB, ${refused} refused; started after ${p50} ms (max ${max})`,
  );
}

async function kill(rounds: number, one: () => Promise<Round>): Promise<Round[]> {
  const done: Round[] = [];
  while (done.length < rounds) done.push(await one());
  return done;
}

const refusals = (rounds: readonly Round[]) => rounds.flatMap(({ refusal }) => refusal ?? []);

test(`acquireGatewayLock() waits for a dying gateway (${KILLS} kills)`, {
  timeout: TEST_TIMEOUT_MS,
}, async (ctx) => {
  need(ctx, whyNoSignals ?? whyNoMemory());
  const options = { stateDir: freshDirectory(), port: await freePort(), env: {}, timeoutMs: 30_000 };
  const begin = async (actor: Actor) => {
    await actor.call('gateway', options);
    await actor.call('serve');
  };
  let holder = await startActor();
  await begin(holder);
  const rounds = await kill(KILLS, async () => {
    await holder.call('useMemory', MEGABYTES);
    const next = await startActor();
    process.kill(holder.pid, 'SIGKILL');
    const killedAt = performance.now();
    const refusal = await begin(next).then(
      () => null,
      (error: Error) => error.message,
    );
    const startedMs = performance.now() - killedAt;
    await holder.exited;
    holder = next;
    if (refusal !== null) await begin(holder);
    return { startedMs, refusal };
  });
  report('acquireGatewayLock', rounds);
  expect(refusals(rounds)).toEqual([]);
});

describe.each(['--handover', '--no-handover'])('gateway-lock run %s', (flag) => {
  const args = (port: number, stateDir: string) => {
    const words = [process.execPath, HEAVY_SERVER, `${MEGABYTES}`, `${port}`];
    const given = flag === '--no-handover' ? [flag] : [];
    return ['run', '--wait', '30000', '--state-dir', stateDir, '--port', `${port}`, ...given, '--', ...words];
  };

  test(`gateway-lock run waits for a dying program (${KILLS} kills)`, { timeout: TEST_TIMEOUT_MS }, async (ctx) => {
    need(ctx, whyNoInheritance ?? whyNoMemory());
    const [stateDir, port] = [freshDirectory(), await freePort()];
    let holder: Running = start(args(port, stateDir));
    await printedPid(holder);
    const rounds = await kill(KILLS, async () => {
      // Kills the process group: the wrapper and the program, which dies slowly.
      process.kill(-holder.pid, 'SIGKILL');
      const killedAt = performance.now();
      const next = start(args(port, stateDir));
      const refusal = await printedPid(next).then(
        () => null,
        (error: Error) => error.message,
      );
      const startedMs = performance.now() - killedAt;
      await holder.ended;
      holder = next;
      if (refusal !== null) {
        holder = start(args(port, stateDir));
        await printedPid(holder);
      }
      return { startedMs, refusal };
    });
    report(`run ${flag}`, rounds);
    expect(refusals(rounds)).toEqual([]);
  });
});
