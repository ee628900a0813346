// Handing locks and listening socket to another program: a child, or the one that replaces this process.
import type { BoundListener } from '../bind/bound-listener.js';
import type { FileLock } from '../lock/file-lock.js';
import { native } from '../native/load.js';
import type { Env } from './state-paths.js';

/** What a program needs to go on as the holder. */
export interface Inheritance {
  /**
   * In this order from descriptor 3 on: the listening sockets, then the locks. For `child_process.spawn`:
   * `stdio: ['inherit', 'inherit', 'inherit', ...descriptors]`.
   */
  readonly descriptors: readonly number[];
  /**
   * The variables of socket activation (man 3 sd_listen_fds): LISTEN_FDS and LISTEN_FDNAMES. LISTEN_PID, the
   * pid of the program itself, is for the caller to add. Empty where no socket is handed over.
   */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ExecProgram {
  /** The file to run; it is not looked up in PATH. */
  readonly path: string;
  /** The program's arguments, the first being its own name. */
  readonly args: readonly string[];
  /** @default process.env */
  readonly env?: Env;
}

export function inheritanceOf(locks: readonly FileLock[], listener: BoundListener | null): Inheritance {
  const sockets = listener?.fds ?? [];
  const names = sockets.map(() => 'gateway').join(':');
  const environment = sockets.length === 0 ? {} : { LISTEN_FDS: String(sockets.length), LISTEN_FDNAMES: names };
  return { descriptors: [...sockets, ...locks.map((lock) => lock.fd)], environment };
}

/** Returns only by throwing. */
export function execAs(inheritance: Inheritance, { path, args, env = process.env }: ExecProgram): never {
  const { LISTEN_PID: _, LISTEN_FDS: __, LISTEN_FDNAMES: ___, ...own } = env;
  const handedOver = 'LISTEN_FDS' in inheritance.environment ? { LISTEN_PID: String(process.pid) } : {};
  const variables = Object.entries({ ...own, ...inheritance.environment, ...handedOver });
  const environment = variables.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`);
  native().exec(path, args, environment, inheritance.descriptors);
  throw new Error('unreachable: exec() returned');
}
