// Loaded before all else in a Node under an emulator: what it starts again as itself is the emulator with it, which a path to the
// program of another processor alone would not be.
process.execPath = process.env.GATEWAY_LOCK_EXEC_PATH;
