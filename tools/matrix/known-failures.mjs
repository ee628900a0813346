// Tests of the integration suite that are known to fail in a runtime, by the reason: what the runtime
// lacks. Some of them fail only sometimes. A failure of any other test fails the run. Each entry is the
// beginning of a test's name as vitest prints it: file, then titles.

const NO_OPEN_SOCKET = 'its servers cannot listen on an open socket';

export const KNOWN_FAILURES = {
  bun: {
    [NO_OPEN_SOCKET]: [
      'bind-exclusive.test.ts > connections that arrive before listen(server) > are served once there is one',
      'events.test.ts > published is > a decision, and onDecision is told the same',
      'events.test.ts > the library prints nothing > in a whole life',
      'gateway-lock.test.ts > a gateway lock > serves on its own exclusive socket',
      'gateway-lock.test.ts > a gateway lock > close() frees the port, removes the lock files, and may be called twice',
      'gateway-lock.test.ts > a gateway lock > the next one starts at once after close(), on the same port, with connections of the first still dying',
      'gateway-lock.test.ts > a gateway lock > close() again with a shorter grace cuts what the first one waits for',
      'list-locks.test.ts > of a lock that is held is told > by whom, the command line, where it listens, and how it is',
      'list-locks.test.ts > of a lock that is held is told > that it is not healthy, and that it is asked as the caller says',
      'list-locks.test.ts > of a lock that is held is told > nothing of a port when it has none',
      'list-locks.test.ts > of a lock that is held is told > nothing of the port of a dead one whose record is still in the file',
      'list-locks.test.ts > nothing is created, changed or kept',
      'probe-gateway.test.ts > a gateway is running > when it holds the lock and answers; the probe says who it is and how it is',
      'probe-gateway.test.ts > a gateway is running > when it is not healthy, and that is said',
      'probe-gateway.test.ts > a gateway is running > when it is stopped',
      'probe-gateway.test.ts > a gateway is running > when it is an older one, which has a record and no kernel lock',
      'probe-gateway.test.ts > a gateway is running > when it holds a lock file of its own',
      'probe-gateway.test.ts > a gateway is running > when it holds the config lock alone, as of another state',
      'probe-gateway.test.ts > a gateway is running > on the port that its record names, whatever port is asked for',
      'probe-gateway.test.ts > a gateway is running > whose health is asked as the caller says',
      'probe-gateway.test.ts > a gateway is starting > when the lock is held, and the file names a dead one that listened where a stranger does now',
      'probe-gateway.test.ts > a gateway is stopped > when a killed one has left its file, which stays as it is',
      'probe-gateway.test.ts > a gateway is stopped > when the port of the dead one is not the port asked for: that one is of the past',
      'probe-gateway.test.ts > somebody foreign listens > also one that calls itself live, and that of another state',
      'probe-gateway.test.ts > the probe changes nothing > beside a running gateway',
      'probe-gateway.test.ts > the probe changes nothing > where one was killed',
      'probe-port.test.ts > a port is > listening when somebody accepts there, and the answer names him',
      'probe-port.test.ts > a listener that does not accept counts as listening > when its process is stopped, whether the backlog is full or not',
    ],
    'its own EADDRINUSE is 98, and not -98': [
      "bind-exclusive.test.ts > a refusal has the fields and the words of Node's own > EADDRINUSE",
    ],
    'its os.homedir() ignores later changes of process.env': [
      'list-locks.test.ts > what is hostile > a profile that is a link to itself hides no other, and is told',
      'lock-file-option.test.ts > lockFile > needs no state directory and no home, and its record names none',
    ],
    'its TLS server requires a cipher': [
      'probe-health-https.test.ts > a gateway is not healthy > when it has no certificate to show',
    ],
  },
  deno: {
    'it cannot run a module with --input-type -e': [
      'import.test.ts > importing it loads no builtin module, which would cost up to milliseconds each',
      'import.test.ts > a stack trace names the sources',
    ],
    'its process.report lists no shared objects': ['native-loading.test.ts'],
    'it adds options to the command line of a child': [
      'list-locks.test.ts > of a lock that is held is told > the command line as it was typed, word by word',
    ],
    'its TLS server presents a certificate where none is configured': [
      'probe-health-https.test.ts > a gateway is not healthy > when it has no certificate to show',
    ],
    'a process that ends loses its last output': ['bind-adoption.test.ts > adoption warns of nothing'],
    'it closes earlier sockets with a delay': [
      'bind-close.test.ts > close() > while listen() is under way closes the descriptor exactly once',
    ],
  },
  emulated: {
    'the emulator cannot preload a library': [
      'file-systems.test.ts > a file system on which flock() excludes nobody',
      'file-systems.test.ts > a file system without flock()',
      'file-systems.test.ts > a file system that other hosts share says so',
      'file-systems.test.ts > a system call',
      'file-systems.test.ts > a full disk',
      'lock-file-replaced.test.ts > between open and flock',
      'lock-file-replaced.test.ts > a release that cannot remove the file drops the lock, clears the record and says which file stays',
    ],
    'other processes see the command line of the emulator': [
      'events.test.ts > published is > a wait, once, however long it is, with whom it is for; then what it came to',
      'list-locks.test.ts > of a lock that is held is told > the command line as it was typed, word by word',
      'list-locks.test.ts > what is hostile > a record with another host, a huge port, an escape sequence: is only ever shown as it is',
      'lock-waiting.test.ts > the deadline > says in its error who holds what, how long it waited, and what to do',
      'probe-gateway.test.ts > a gateway is running > when it holds the lock and answers; the probe says who it is and how it is',
      'probe-gateway.test.ts > a gateway is running > when it is not healthy, and that is said',
      'probe-gateway.test.ts > a gateway is running > when it is stopped',
      'probe-gateway.test.ts > a gateway is running > when it has bound its port and serves nobody yet',
      'probe-gateway.test.ts > a gateway is running > on the port that its record names, whatever port is asked for',
      'probe-gateway.test.ts > a gateway is running > when it is an older one, which has a record and no kernel lock',
      'probe-gateway.test.ts > a gateway is running > when it holds a lock file of its own',
      'probe-gateway.test.ts > a gateway is running > when it holds the config lock alone, as of another state',
    ],
  },
};

/**
 * Files that are not run in a runtime, because it lacks what most of their tests need. With all
 * five in one run in Bun, vitest itself fails while it reads a stack trace ("EISDIR: illegal
 * operation on a directory"); with any one of them it does not.
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
