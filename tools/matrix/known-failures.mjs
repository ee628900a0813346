// Lists the integration tests that are known to fail in a runtime, grouped by reason. Some fail
// only sometimes. If any other test fails, the run fails. Each entry is the beginning of a test's
// name as vitest prints it: the file, then the titles.

export const KNOWN_FAILURES = {
  bun: {
    'its own EADDRINUSE is 98, and not -98': [
      "bind-exclusive.test.ts > the errors of bindExclusive() > bindExclusive() throws EADDRINUSE with the fields and the text of Node's error",
    ],
    'os.homedir() in Bun ignores later changes of process.env': [
      'list-locks.test.ts > listLocks() with hostile files > lists a profile that is a link to itself as unreadable, beside the other locks',
      'lock-file-option.test.ts > a gateway with the option lockFile > needs no state directory and no home directory, and names neither in its record',
    ],
    'its process.report lists no shared objects, so the tests take musl for glibc': [
      'missing-addon.test.ts > a bundle of the format esm > finds the addon in a copy of prebuilds next to the bundle',
      'missing-addon.test.ts > a bundle of the format cjs > finds the addon in a copy of prebuilds next to the bundle',
      'missing-addon.test.ts > the installed package > with a binary that does not load names the error of the system',
      'missing-addon.test.ts > the installed package > under --no-addons names the flag',
      'missing-addon.test.ts > the installed package > on a file system that is mounted noexec names the mount point',
    ],
    'its TLS server requires a cipher': [
      'probe-health-https.test.ts > the health probe with a pinned certificate > reports a gateway without a certificate as unhealthy',
    ],
  },
  deno: {
    'it cannot run a module with --input-type -e': [
      'import.test.ts > the import of gateway-lock loads no builtin module, each of which would take up to 4 ms',
      'import.test.ts > the import of gateway-lock/lock loads no builtin module',
      'import.test.ts > the import of gateway-lock/cluster loads no builtin module',
      'import.test.ts > a stack trace of an error names the TypeScript source files',
    ],
    'its process.report lists no shared objects': ['native-loading.test.ts', 'missing-addon.test.ts > a bundle'],
    'it finds a package only if a package.json names it': ['missing-addon.test.ts > the '],
    'its node:fs knows only the descriptors that it has opened': [
      'binding-fuzz.test.ts',
      'custody-channel.test.ts',
      'inherited-descriptors.test.ts',
    ],
    'it starts children without the descriptors, and upgrade() says so': ['upgrade.test.ts > upgrade() of a gateway'],
    'it adds options to the command line of a child': [
      'access.test.ts > under umask',
      'list-locks.test.ts > the entry of listLocks() for a held lock > the entry of listLocks() for a held lock contains the command line as a list of words',
    ],
    'its TLS server presents a certificate where none is configured': [
      'probe-health-https.test.ts > the health probe with a pinned certificate > reports a gateway without a certificate as unhealthy',
    ],
    'a process that ends loses its last output': [
      'bind-adoption.test.ts > the adoption of a listener emits no warning',
    ],
    'it closes earlier sockets with a delay': [
      'bind-close.test.ts > close() of a listener > closes the descriptor exactly once if listen() is still in progress',
    ],
  },
  emulated: {
    'there is no esbuild for the emulated processor': ['missing-addon.test.ts > a bundle'],
    'the emulator maps libraries of a noexec mount': [
      'missing-addon.test.ts > the installed package > on a file system that is mounted noexec names the mount point',
    ],
    'the emulator cannot preload a library': [
      'bind-faults.test.ts > bindExclusive() fails and leaves the port free if fstat() fails on the new socket',
      'file-systems.test.ts > a file system on which flock() does not exclude',
      'file-systems.test.ts > a file system without flock()',
      'file-systems.test.ts > a lock on a file system that other hosts share has strength remote',
      'file-systems.test.ts > interrupted and failing system calls',
      'file-systems.test.ts > a full disk',
      'lock-file-replaced.test.ts > a lock file that is replaced between open() and flock()',
      'lock-file-replaced.test.ts > a release that cannot remove the file drops the lock, clears the record and names the file in its error',
    ],
    'other processes see the command line of the emulator': [
      'events.test.ts > the diagnostics channels > the diagnostics channels publish one wait event per wait, with the holder, then a reclaim and an acquire event',
      'list-locks.test.ts > the entry of listLocks() for a held lock > the entry of listLocks() for a held lock contains the command line as a list of words',
      'list-locks.test.ts > listLocks() with hostile files > ignores an invalid host or port in a record',
      'lock-waiting.test.ts > acquireLock() and its deadline > acquireLock() rejects at the deadline with an error that names the lock, the holder, the duration of the wait and what to do',
      "probe-gateway.test.ts > probeGateway() and a running gateway > returns 'running' with owner, endpoint and health for a gateway that holds the lock and serves",
      "probe-gateway.test.ts > probeGateway() and a running gateway > returns 'running' with the reason for an unhealthy gateway",
      "probe-gateway.test.ts > probeGateway() and a running gateway > returns 'running' for a suspended gateway",
      "probe-gateway.test.ts > probeGateway() and a running gateway > returns 'running' for a gateway that has bound its port but does not serve yet",
      "probe-gateway.test.ts > probeGateway() and a running gateway > returns 'running' with the port in the record, whatever the port in the options",
      "probe-gateway.test.ts > probeGateway() and a running gateway > returns 'running' for an older gateway, which writes a record and holds no kernel lock",
      "probe-gateway.test.ts > probeGateway() and a running gateway > returns 'running' for a gateway with a named lock file",
      "probe-gateway.test.ts > probeGateway() and a running gateway > returns 'running' for a gateway with the same config and another state directory",
    ],
  },
};

/** Test files that are not run in a runtime, because it lacks what most of their tests need. */
export const EXCLUDED_FILES = {
  bun: [
    ['process.report in Bun lists no shared objects', 'native-loading'],
    ['stack traces in Bun contain no source names', 'import'],
    ...['upgrade', 'custody-channel', 'listener-pausing'].map((file) => [
      'Bun starts children without the descriptors that upgrade() passes on, and upgrade() says so',
      file,
    ]),
  ],
};
