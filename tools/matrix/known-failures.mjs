// Lists the tests of the integration suite that are known to fail in a runtime, grouped by the
// reason for the failure. Some of these tests fail only sometimes. A failure of any other test
// fails the run. Each entry is the beginning of a test's name as vitest prints it: the file, then
// the titles.

const NO_OPEN_SOCKET = 'its servers cannot listen on an open socket';

export const KNOWN_FAILURES = {
  bun: {
    [NO_OPEN_SOCKET]: [
      'bind-exclusive.test.ts > connections before listen(server) > are served once there is a server',
      'events.test.ts > the diagnostics channels publish > each decision with the same fields as for onDecision',
      'events.test.ts > the library prints nothing > and works during a complete life cycle with',
      'gateway-lock.test.ts > a gateway lock > serves on its own exclusive socket',
      'gateway-lock.test.ts > a gateway lock > on close() releases the port and removes the lock files, also if it is called twice',
      'gateway-lock.test.ts > a gateway lock > on close() lets the next gateway start at once on the same port, while connections are still closing',
      'gateway-lock.test.ts > a gateway lock > on a second close() with a shorter grace period cuts the connections that the first call waits for',
      'list-locks.test.ts > for a held lock, listLocks() returns > the owner, command line, endpoint and health',
      'list-locks.test.ts > for a held lock, listLocks() returns > the reason if it is unhealthy, checked with the options of the caller',
      'list-locks.test.ts > for a held lock, listLocks() returns > no endpoint if the record names no port',
      'list-locks.test.ts > for a held lock, listLocks() returns > no endpoint if the owner in the record is dead',
      'list-locks.test.ts > listLocks() creates, changes and locks nothing',
      "probe-gateway.test.ts > probeGateway() returns 'running' > with owner, endpoint and health for a gateway that holds the lock and serves",
      "probe-gateway.test.ts > probeGateway() returns 'running' > for an unhealthy gateway, with the reason",
      "probe-gateway.test.ts > probeGateway() returns 'running' > for a suspended gateway",
      "probe-gateway.test.ts > probeGateway() returns 'running' > for an older gateway, which writes a record and holds no kernel lock",
      "probe-gateway.test.ts > probeGateway() returns 'running' > for a gateway with a named lock file",
      "probe-gateway.test.ts > probeGateway() returns 'running' > for a gateway with the same config and another state directory",
      "probe-gateway.test.ts > probeGateway() returns 'running' > with the port in the record, whatever the port in the options",
      "probe-gateway.test.ts > probeGateway() returns 'running' > with the health, checked with the options of the caller",
      "probe-gateway.test.ts > probeGateway() returns 'starting' > if the lock is held, the record names a dead owner, and another program listens on its port",
      "probe-gateway.test.ts > probeGateway() returns 'stopped' > for a killed gateway, and keeps its lock file",
      "probe-gateway.test.ts > probeGateway() returns 'stopped' > if another program listens on the port of a dead gateway, but not on the port of the options",
      "probe-gateway.test.ts > probeGateway() returns 'foreign' > even if that program is a healthy gateway with another state directory",
      'probe-gateway.test.ts > probeGateway() changes nothing > beside a running gateway',
      'probe-gateway.test.ts > probeGateway() changes nothing > beside the lock files of a killed gateway',
      'probe-port.test.ts > a port is > listening when a process accepts connections, and the result names the process',
      'probe-port.test.ts > a listener that does not accept counts as listening > when its process is stopped, whether the backlog is full or not',
    ],
    'its own EADDRINUSE is 98, and not -98': [
      "bind-exclusive.test.ts > a refusal has the fields and the text of Node's own error > EADDRINUSE",
    ],
    'its os.homedir() ignores later changes of process.env': [
      'list-locks.test.ts > listLocks() with hostile files > lists a profile that is a link to itself as unreadable, beside the other locks',
      'lock-file-option.test.ts > lockFile > needs no state directory and no home, and its record names none',
    ],
    'its TLS server requires a cipher': [
      'probe-health-https.test.ts > a gateway is not healthy > when it has no certificate',
    ],
  },
  deno: {
    'it cannot run a module with --input-type -e': [
      'import.test.ts > importing it loads no builtin module, each of which would take up to 4 ms',
      'import.test.ts > a stack trace names the source files',
    ],
    'its process.report lists no shared objects': ['native-loading.test.ts'],
    'it adds options to the command line of a child': [
      'list-locks.test.ts > for a held lock, listLocks() returns > the command line word by word',
    ],
    'its TLS server presents a certificate where none is configured': [
      'probe-health-https.test.ts > a gateway is not healthy > when it has no certificate',
    ],
    'a process that ends loses its last output': ['bind-adoption.test.ts > adoption warns of nothing'],
    'it closes earlier sockets with a delay': [
      'bind-close.test.ts > close() > while listen() is under way closes the descriptor exactly once',
    ],
  },
  emulated: {
    'the emulator cannot preload a library': [
      'file-systems.test.ts > a file system on which flock() does not exclude',
      'file-systems.test.ts > a file system without flock()',
      'file-systems.test.ts > a file system that other hosts share has strength remote',
      'file-systems.test.ts > a system call',
      'file-systems.test.ts > a full disk',
      'lock-file-replaced.test.ts > between open and flock',
      'lock-file-replaced.test.ts > a release that cannot remove the file drops the lock, clears the record and names the file in its error',
    ],
    'other processes see the command line of the emulator': [
      'events.test.ts > the diagnostics channels publish > one wait event per wait, with the holder, then reclaim and acquire',
      'list-locks.test.ts > for a held lock, listLocks() returns > the command line word by word',
      'list-locks.test.ts > listLocks() with hostile files > ignores an invalid host or port in a record',
      'lock-waiting.test.ts > the deadline > ends with an error that names the lock, the holder, the duration of the wait and what to do',
      "probe-gateway.test.ts > probeGateway() returns 'running' > with owner, endpoint and health for a gateway that holds the lock and serves",
      "probe-gateway.test.ts > probeGateway() returns 'running' > for an unhealthy gateway, with the reason",
      "probe-gateway.test.ts > probeGateway() returns 'running' > for a suspended gateway",
      "probe-gateway.test.ts > probeGateway() returns 'running' > for a gateway that has bound its port but does not serve yet",
      "probe-gateway.test.ts > probeGateway() returns 'running' > with the port in the record, whatever the port in the options",
      "probe-gateway.test.ts > probeGateway() returns 'running' > for an older gateway, which writes a record and holds no kernel lock",
      "probe-gateway.test.ts > probeGateway() returns 'running' > for a gateway with a named lock file",
      "probe-gateway.test.ts > probeGateway() returns 'running' > for a gateway with the same config and another state directory",
    ],
  },
};

/**
 * Test files that are not run in a runtime, because the runtime lacks what most tests of the file
 * need. If one run in Bun contains all five files, vitest itself fails while it reads a stack trace
 * ("EISDIR: illegal operation on a directory"). If the run contains only one of them, vitest does
 * not fail.
 */
export const EXCLUDED_FILES = {
  bun: [
    [NO_OPEN_SOCKET, 'bind-adoption'],
    [NO_OPEN_SOCKET, 'bind-close'],
    [NO_OPEN_SOCKET, 'listener-closing'],
    ['its process.report lists no shared objects', 'native-loading'],
    ['its stack traces have no source names', 'import'],
  ],
};
