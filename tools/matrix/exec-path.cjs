// Each emulated Node loads this file first. Sets process.execPath to a script that starts the
// emulator, because the kernel cannot start a program for another processor.
process.execPath = process.env.GATEWAY_LOCK_EXEC_PATH;
