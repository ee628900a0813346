// Detects whether the system reports the process of a listening socket. Wine 8 reports it only
// after the process has read from the socket.
import { native } from '../../src/native/load.js';
import type { Missing } from './capabilities.js';

export const whyNoPortOwner: Missing = probe();

function probe(): Missing {
  const listener = native().listen('127.0.0.1', 0, 1);
  try {
    const pid = native().findListenerPid('127.0.0.1', native().portOf(listener));
    return pid === process.pid ? null : `this system reports pid ${pid} for a listener of pid ${process.pid}`;
  } finally {
    native().closeListener(listener);
  }
}
