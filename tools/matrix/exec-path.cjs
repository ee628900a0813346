// Loaded first in each Node that runs under an emulator. Sets process.execPath to a script that
// starts the emulator, because the kernel cannot start a program for another processor itself.
process.execPath = process.env.GATEWAY_LOCK_EXEC_PATH;
