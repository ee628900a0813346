// Loads Node's built-in modules on first use. An import statement would load these modules together
// with the package, even in a process that never acquires a lock.

/** The first load takes 1 to 2 ms. */
export const loadNet = () => process.getBuiltinModule('node:net');
/** The first load takes 1 to 2 ms, because node:tty loads node:net. */
export const loadTty = () => process.getBuiltinModule('node:tty');
/** The first load takes 2 to 3 ms. */
export const loadCrypto = () => process.getBuiltinModule('node:crypto');
/** Takes 2 to 4 ms. */
export const loadHttp = () => process.getBuiltinModule('node:http');
/** Takes 2 to 4 ms. */
export const loadHttps = () => process.getBuiltinModule('node:https');
export const loadHttp2 = () => process.getBuiltinModule('node:http2');
/** Also loads node:net and node:worker_threads. For type checks use {@link loadUtilTypes}. */
export const loadUtil = () => process.getBuiltinModule('node:util');
export const loadUtilTypes = () => process.getBuiltinModule('node:util/types');
