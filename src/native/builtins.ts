// Loads Node's built-in modules on first use. An import statement would load them even in a process
// that never acquires a lock.

/** The first load of node:net takes 1 to 2 ms. */
export const loadNet = () => process.getBuiltinModule('node:net');
/** The first load of node:tty takes 1 to 2 ms, because node:tty loads node:net. */
export const loadTty = () => process.getBuiltinModule('node:tty');
/** The first load of node:crypto takes 2 to 3 ms. */
export const loadCrypto = () => process.getBuiltinModule('node:crypto');
/** The first call of `listen()` on a server loads node:cluster, which takes 2 to 3 ms. */
export const loadCluster = () => process.getBuiltinModule('node:cluster');
/** The first load of node:http takes 2 to 4 ms. */
export const loadHttp = () => process.getBuiltinModule('node:http');
/** The first load of node:https takes 2 to 4 ms. */
export const loadHttps = () => process.getBuiltinModule('node:https');
export const loadHttp2 = () => process.getBuiltinModule('node:http2');
/**
 * Also loads node:net and node:worker_threads. For type checks, {@link loadUtilTypes} is enough.
 */
export const loadUtil = () => process.getBuiltinModule('node:util');
export const loadUtilTypes = () => process.getBuiltinModule('node:util/types');
/** The first load of node:child_process takes 3 to 5 ms. */
export const loadChildProcess = () => process.getBuiltinModule('node:child_process');
