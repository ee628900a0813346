// What the integration suite asks and a runtime does not have: which tests fail there, and why. Any other that fails is a failure.
// A test is named as vitest names it: its file, then its titles. Some of them fail now and then.
export const BEYOND = {
  deno: [
    ['it runs no module by --input-type -e', /^import\.test\.ts > (importing it loads no builtin|a stack trace names)/],
    ['its process.report lists no shared objects', /^native-loading\.test\.ts/],
    ['it starts a program with options of its own', /^list-locks\.test\.ts > .* > the command line as it was typed/],
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
    ['others see the command line of the emulator', /^events\.test\.ts > published is > a wait, once/],
    [
      'others see the command line of the emulator',
      /^list-locks\.test\.ts > .* > (the command line as|a record with another h)/,
    ],
    ['others see the command line of the emulator', /^lock-waiting\.test\.ts > the deadline > says in its error who/],
    [
      'others see the command line of the emulator',
      /^probe-gateway\.test\.ts > a gateway is running > (when|on the port)/,
    ],
  ],
};
