// Node's own modules that are loaded on first use. An import statement would load each of them with
// the package, also in a process that only imports the package or is refused the lock.

/** Takes 1 to 2 ms. */
export const loadNet = () => process.getBuiltinModule('node:net');
/** Takes 1 to 2 ms, because node:tty loads node:net. */
export const loadTty = () => process.getBuiltinModule('node:tty');
/** Takes 2 to 3 ms. */
export const loadCrypto = () => process.getBuiltinModule('node:crypto');
/** Takes 2 to 4 ms. */
export const loadHttp = () => process.getBuiltinModule('node:http');
/** Takes 2 to 4 ms. */
export const loadHttps = () => process.getBuiltinModule('node:https');
export const loadHttp2 = () => process.getBuiltinModule('node:http2');
/** Loads node:net and node:worker_threads, too. For type checks use {@link loadUtilTypes}. */
export const loadUtil = () => process.getBuiltinModule('node:util');
export const loadUtilTypes = () => process.getBuiltinModule('node:util/types');
