// Whether the system tells whose a listening socket is. Wine 8 does not for one that was never read from in its own process.
import { native } from '../../src/native/load.js';
import type { Missing } from './capabilities.js';

export const whyNoPortOwner: Missing = probe();

function probe(): Missing {
  const listener = native().listen('127.0.0.1', 0, 1);
  try {
    const pid = native().findListenerPid('127.0.0.1', native().portOf(listener));
    return pid === process.pid ? null : `this system says that pid ${pid} owns a listener of pid ${process.pid}`;
  } finally {
    native().closeListener(listener);
  }
}
