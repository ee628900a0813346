// A program that ends with this process. It inherits the locks of the host, so that no successor starts on this host before it has
// ended.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { GatewayLock } from '../../index.js';
import { errorLine, say } from '../output.js';
import { ProgramCgroup } from './program-cgroup.js';

/** A guard reads from a pipe of this process, so `read` fails when this process dies. Signals of the terminal do not end the guard. */
const GUARD = "trap '' HUP INT QUIT TERM; read -r line || ";
/** 50 tries in 5 s, because a killed process is not gone at once. */
const END_CGROUP = `{ echo 1 > "$1/cgroup.kill"; n=50; until command -p rmdir "$1" || [ $((n -= 1)) -eq 0 ]; do command -p sleep 0.1; done; }`;
const END_PROGRAM = 'kill -KILL "$1"';

/**
 * Linux kills the program when this process dies (PR_SET_PDEATHSIG, through setpriv of util-linux). A cgroup ends its descendants, too.
 * Without either a shell kills the program.
 */
export class BoundProgram {
  readonly child: ChildProcess;
  readonly #cgroup: ProgramCgroup | null;
  readonly #guard: ChildProcess | null;

  constructor(gateway: GatewayLock, words: readonly string[]) {
    const tie = isAvailable('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];
    this.#cgroup = ProgramCgroup.tryCreate();
    // Before the program, so that its first descendant is already guarded.
    const guard = this.#cgroup === null ? null : startGuard(END_CGROUP, this.#cgroup.folder);
    const [file, ...args] = [...tie, ...(this.#cgroup?.commandOf(words) ?? words)];
    const env = { ...process.env, GATEWAY_LOCK_TOKEN: String(gateway.token) };
    this.child = spawn(file!, args, { stdio: ['inherit', 'inherit', 'inherit', ...gateway.lockDescriptors], env });
    const { pid } = this.child;
    this.#guard = guard ?? (tie.length > 0 || pid === undefined ? null : startGuard(END_PROGRAM, String(pid)));
  }

  /** Sends SIGKILL to the program, and to its descendants if there is a cgroup. */
  kill(): void {
    // The program itself may not have joined its cgroup yet.
    this.child.kill('SIGKILL');
    this.#cgroup?.kill();
  }

  /** Ends the descendants that the program has left, if there is a cgroup. */
  async close(): Promise<void> {
    await this.#cgroup?.close();
    this.#guard?.kill('SIGKILL');
  }
}

function startGuard(script: string, subject: string): ChildProcess {
  const stdio = ['pipe', 'ignore', 'ignore'] as const;
  const guard = spawn('/bin/sh', ['-c', GUARD + script, 'sh', subject], { stdio: [...stdio] });
  guard.on('error', (error) => say(errorLine(error)));
  return guard;
}

function isAvailable(program: string): boolean {
  return spawnSync(program, ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0;
}
