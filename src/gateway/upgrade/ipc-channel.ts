// Starts a successor on Windows. It gets the listening sockets through Node's IPC channel, which
// duplicates them into the successor (WSADuplicateSocket in libuv, src/win/tcp.c). The locks cannot
// be passed: the successor acquires them when the channel ends.
import type { ChildProcess } from 'node:child_process';
import { loadChildProcess } from '../../native/builtins.js';
import type { SentSocket } from '../../native/server-handle.js';
import { bequest, COPY, IPC_VARIABLE, lineOf } from '../inherited/ipc-messages.js';
import { INHERITED_VARIABLE } from '../inherited/variable.js';
import type { StartedSuccessor, SuccessorChannel } from './successor-channel.js';
import type { UpgradeRequest } from './upgrade-options.js';

/** Starts the program. Calls `onLine` for each report of the successor. */
export function spawnWithIpc(
  request: UpgradeRequest,
  handles: readonly SentSocket[],
  onLine: (line: string) => void,
): StartedSuccessor {
  const [file, ...args] = request.command;
  const { [INHERITED_VARIABLE]: _, ...env } = request.env;
  const child = loadChildProcess().spawn(file, args, {
    env: { ...env, [IPC_VARIABLE]: String(process.pid) },
    stdio: [...request.stdio, 'ipc'],
    // libuv puts other children into a job, which ends them together with this process.
    detached: true,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
  });
  return { child, channel: new IpcChannel(child, handles, onLine) };
}

class IpcChannel implements SuccessorChannel {
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  /**
   * The sockets that the successor has sent back. A server of this process can listen on such a
   * copy, but not on a duplicate that this process makes: Windows would count it as the same file,
   * which already has a completion port.
   */
  #copies: SentSocket[] = [];

  constructor(child: ChildProcess, handles: readonly SentSocket[], onLine: (line: string) => void) {
    this.#child = child;
    this.ended = new Promise((resolve) => {
      for (const event of ['disconnect', 'exit', 'error']) child.once(event, () => resolve());
    });
    child.on('message', (message, socket) => {
      const line = lineOf(message);
      if (line === 'adopting') this.#send(handles);
      else if (line === COPY) this.#copies.push(socket as unknown as SentSocket);
      else if (line !== null) onLine(line);
    });
    void this.ended.then(() => this.#closeCopies());
  }

  takeCopies(): readonly SentSocket[] {
    const copies = this.#copies;
    this.#copies = [];
    return copies;
  }

  close(): void {
    this.#closeCopies();
    if (this.#child.connected) this.#child.disconnect();
  }

  #send(handles: readonly SentSocket[]): void {
    if (handles.length === 0) this.#child.send(bequest(0), ignoreError);
    for (const handle of handles) this.#child.send(bequest(handles.length), handle as never, {}, ignoreError);
  }

  #closeCopies(): void {
    for (const copy of this.takeCopies()) copy.close();
  }
}

/** The end of the channel reports the death of the successor. */
function ignoreError(): void {}
