// A program that ends when this process ends. It inherits the file locks of this host, so that no
// other gateway starts here while the program is still running.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { GatewayLock } from '../../index.js';
import { errorLine, say } from '../output.js';
import { ProgramCgroup } from './program-cgroup.js';

/**
 * The start of a guard's script. The guard reads from a pipe to this process, so `read` fails when
 * this process dies. It ignores the signals that a terminal sends.
 */
const GUARD = "trap '' HUP INT QUIT TERM; read -r line || ";
/**
 * Kills the processes of the cgroup and removes it. Retries the removal for up to 5 s, because a
 * killed process leaves its cgroup with a delay.
 */
const END_CGROUP = `{ echo 1 > "$1/cgroup.kill"; n=50; until command -p rmdir "$1" || [ $((n -= 1)) -eq 0 ]; do command -p sleep 0.1; done; }`;
const END_PROGRAM = 'kill -KILL "$1"';

/**
 * A program that does not outlive this process. On Linux the kernel kills it when this process dies
 * (PR_SET_PDEATHSIG, set by util-linux's setpriv). If a cgroup can be created, the program's
 * descendants are killed, too. Without setpriv and without a cgroup, a guard process kills the
 * program.
 */
export class BoundProgram {
  readonly child: ChildProcess;
  readonly #cgroup: ProgramCgroup | null;
  readonly #guard: ChildProcess | null;

  constructor(gateway: GatewayLock, words: readonly string[]) {
    const tie = isAvailable('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];
    this.#cgroup = ProgramCgroup.tryCreate();
    // The guard starts before the program, so that it is running when the first descendant starts.
    const guard = this.#cgroup === null ? null : startGuard(END_CGROUP, this.#cgroup.directory);
    const [file, ...args] = [...tie, ...(this.#cgroup?.commandOf(words) ?? words)];
    const env = { ...process.env, GATEWAY_LOCK_TOKEN: String(gateway.token) };
    this.child = spawn(file!, args, { stdio: ['inherit', 'inherit', 'inherit', ...gateway.lockDescriptors], env });
    const { pid } = this.child;
    this.#guard = guard ?? (tie.length > 0 || pid === undefined ? null : startGuard(END_PROGRAM, String(pid)));
  }

  /** The children of this process. */
  get pids(): readonly number[] {
    return [this.child, this.#guard].flatMap((child) => child?.pid ?? []);
  }

  /** Sends SIGKILL to the program and, if there is a cgroup, to its descendants. */
  kill(): void {
    // Also kills the program directly, because it may not have joined the cgroup yet.
    this.child.kill('SIGKILL');
    this.#cgroup?.kill();
  }

  /** Kills the remaining descendants (if there is a cgroup) and ends the guard. */
  async close(): Promise<void> {
    await this.#cgroup?.close();
    this.#guard?.kill('SIGKILL');
  }
}

/** Starts a shell that runs `script` when this process dies. */
function startGuard(script: string, subject: string): ChildProcess {
  const stdio = ['pipe', 'ignore', 'ignore'] as const;
  const guard = spawn('/bin/sh', ['-c', GUARD + script, 'sh', subject], { stdio: [...stdio] });
  guard.on('error', (error) => say(errorLine(error)));
  return guard;
}

/** Returns true if `program` accepts setpriv's options. */
function isAvailable(program: string): boolean {
  return spawnSync(program, ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0;
}
