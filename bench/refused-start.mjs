// node refused-start.mjs NAME PATH: tries once to acquire a lock that another process holds, then
// exits.
const lock = await import(`./locks/${process.argv[2]}.mjs`);
await (lock.start ?? lock.refused)(process.argv[3]);
