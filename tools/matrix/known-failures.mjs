// Tests of the integration suite that are known to fail in a runtime, each with the reason: the
// runtime lacks what they need. Some of them fail only sometimes. A failure of any other test fails
// the run. The patterns match vitest's names: file, then titles.

const NO_OPEN_SOCKET = 'its servers cannot listen on an open socket';

export const KNOWN_FAILURES = {
  bun: [
    [NO_OPEN_SOCKET, /^bind-exclusive\.test\.ts > connections that arrive before listen\(server\) > are served/],
    [NO_OPEN_SOCKET, /^events\.test\.ts > (published is > a decision|the library prints nothing > in a whole life)/],
    [
      NO_OPEN_SOCKET,
      /^gateway-lock\.test\.ts > a gateway lock > (serves on its|close\(\) (frees|again)|the next one starts)/,
    ],
    [NO_OPEN_SOCKET, /^list-locks\.test\.ts > of a lock that is held is told > (by whom|that it is not|nothing of)/],
    [NO_OPEN_SOCKET, /^list-locks\.test\.ts > nothing is created/],
    [
      NO_OPEN_SOCKET,
      /^probe-gateway\.test\.ts > a gateway is running > when it (holds (the lock and|a lock f|the config)|is )/,
    ],
    [NO_OPEN_SOCKET, /^probe-gateway\.test\.ts > a gateway is running > (on the port that|whose health)/],
    [
      NO_OPEN_SOCKET,
      /^probe-gateway\.test\.ts > a gateway is (starting > when the lock is|stopped > when (a killed|the po))/,
    ],
    [
      NO_OPEN_SOCKET,
      /^probe-gateway\.test\.ts > (somebody foreign listens > also|the probe changes nothing > (beside|where))/,
    ],
    [
      NO_OPEN_SOCKET,
      /^probe-port\.test\.ts > (a port is > listening when|a listener that does not accept .* > when its pr)/,
    ],
    ['its own EADDRINUSE is 98, and not -98', /^bind-exclusive\.test\.ts > a refusal has the fields .* > EADDRINUSE/],
    [
      'its os.homedir() ignores later changes of process.env',
      /^(list-locks\.test\.ts > what is hostile > a profile that|lock-file-option\.test\.ts > lockFile > needs no state)/,
    ],
    ['its TLS server requires a cipher', /^probe-health-https\.test\.ts > .* > when it has no certificate/],
  ],
  deno: [
    [
      'it cannot run a module with --input-type -e',
      /^import\.test\.ts > (importing it loads no builtin|a stack trace names)/,
    ],
    ['its process.report lists no shared objects', /^native-loading\.test\.ts/],
    ['it adds options to the command line of a child', /^list-locks\.test\.ts > .* > the command line as it was typed/],
    [
      'its TLS server presents a certificate where none is configured',
      /^probe-health-https\.test\.ts > .* > when it has no cert/,
    ],
    ['a process that ends loses its last output', /^bind-adoption\.test\.ts > adoption warns of nothing/],
    ['it closes earlier sockets with a delay', /^bind-close\.test\.ts > close\(\) > while listen\(\) is under way/],
  ],
  emulated: [
    ['the emulator cannot preload a library', /^file-systems\.test\.ts > (a file system|a system call|a full disk)/],
    [
      'the emulator cannot preload a library',
      /^lock-file-replaced\.test\.ts > (between open and flock|a release that cannot remove)/,
    ],
    ['other processes see the command line of the emulator', /^events\.test\.ts > published is > a wait, once/],
    [
      'other processes see the command line of the emulator',
      /^list-locks\.test\.ts > .* > (the command line as|a record with another h)/,
    ],
    [
      'other processes see the command line of the emulator',
      /^lock-waiting\.test\.ts > the deadline > says in its error who/,
    ],
    [
      'other processes see the command line of the emulator',
      /^probe-gateway\.test\.ts > a gateway is running > (when|on the port)/,
    ],
  ],
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
