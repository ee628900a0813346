// Loaded first in a Node that runs under an emulator. process.execPath becomes a script that starts
// the emulator: the kernel cannot start the program of another processor itself.
process.execPath = process.env.GATEWAY_LOCK_EXEC_PATH;
