// What the integration suite asks and a runtime does not have: which tests fail there, and why. Any other that fails is a failure.
// A test is named as vitest names it: its file, then its titles. Some of them fail now and then.

const NO_OPEN_SOCKET = 'no server there takes a socket that is open';

export const BEYOND = {
  bun: [
    [NO_OPEN_SOCKET, /^bind-exclusive\.test\.ts > connections that arrive before listen\(server\) > are served/],
    [
      NO_OPEN_SOCKET,
      /^events\.test\.ts > (the diagnostics channels publish > each decision|the library prints nothing > and works)/,
    ],
    [NO_OPEN_SOCKET, /^gateway-lock\.test\.ts > a gateway lock > (serves on its|on (a second )?close\(\))/],
    [NO_OPEN_SOCKET, /^list-locks\.test\.ts > for a held lock, .* > (the (owner|reason)|no endpoint)/],
    [NO_OPEN_SOCKET, /^list-locks\.test\.ts > listLocks\(\) creates/],
    [NO_OPEN_SOCKET, /^probe-gateway\.test\.ts > .* 'running' > for (an|a (suspended|gateway with))/],
    [NO_OPEN_SOCKET, /^probe-gateway\.test\.ts > .* 'running' > with (owner|the (port|health))/],
    [NO_OPEN_SOCKET, /^probe-gateway\.test\.ts > .* '(starting' > if the lock|stopped' > (for a killed|if another))/],
    [NO_OPEN_SOCKET, /^probe-gateway\.test\.ts > (.* 'foreign' > even|probeGateway\(\) changes nothing > beside)/],
    [
      NO_OPEN_SOCKET,
      /^probe-port\.test\.ts > (a port is > listening when|a listener that does not accept .* > when its pr)/,
    ],
    ['its own EADDRINUSE is 98, and not -98', /^bind-exclusive\.test\.ts > a refusal has the fields .* > EADDRINUSE/],
    [
      'its os.homedir() does not look at process.env again',
      /^(list-locks\.test\.ts > .* hostile files > lists a profile|lock-file-option\.test\.ts > lockFile > needs no state)/,
    ],
    ['its TLS server wants a cipher', /^probe-health-https\.test\.ts > .* > when it has no certificate/],
  ],
  deno: [
    ['it runs no module by --input-type -e', /^import\.test\.ts > (importing it loads no builtin|a stack trace names)/],
    ['its process.report lists no shared objects', /^native-loading\.test\.ts/],
    ['it starts a program with options of its own', /^list-locks\.test\.ts > .* > the command line word/],
    [
      'its TLS server shows a certificate where none was wanted',
      /^probe-health-https\.test\.ts > .* > when it has no cert/,
    ],
    ['a process that ends loses what it has just said', /^bind-adoption\.test\.ts > adoption warns of nothing/],
    [
      'sockets of before are closed some time later',
      /^bind-close\.test\.ts > close\(\) > while listen\(\) is under way/,
    ],
  ],
  emulated: [
    ['the emulator loads no shim', /^file-systems\.test\.ts > (a file system|a system call|a full disk)/],
    [
      'the emulator loads no shim',
      /^lock-file-replaced\.test\.ts > (between open and flock|a release that cannot remove)/,
    ],
    ['others see the command line of the emulator', /^events\.test\.ts > .* > one wait event per wait/],
    [
      'others see the command line of the emulator',
      /^list-locks\.test\.ts > .* > (the command line word|ignores an invalid host)/,
    ],
    ['others see the command line of the emulator', /^lock-waiting\.test\.ts > the deadline > says in its error who/],
    [
      'others see the command line of the emulator',
      /^probe-gateway\.test\.ts > .* 'running' > (for|with (owner|the port))/,
    ],
  ],
};

/**
 * Files of the suite that say little there: most of their tests need what the runtime does not have. With all five of these in Bun, vitest
 * itself fails ("EISDIR: illegal operation on a directory", while it reads a stack trace); with each alone it does not.
 */
export const LEFT_OUT = {
  bun: [
    [NO_OPEN_SOCKET, 'bind-adoption'],
    [NO_OPEN_SOCKET, 'bind-close'],
    [NO_OPEN_SOCKET, 'listener-closing'],
    ['its process.report lists no shared objects', 'native-loading'],
    ['it shows no names of sources in a stack trace', 'import'],
  ],
};
