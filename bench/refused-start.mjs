// node refused-start.mjs NAME PATH: a program whose lock another process holds, from start to exit.
const lock = await import(`./locks/${process.argv[2]}.mjs`);
await (lock.start ?? lock.refused)(process.argv[3]);
