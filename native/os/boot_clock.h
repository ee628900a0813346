// The boot clock: time since an arbitrary moment, including the time that the machine was
// suspended.
//
// Guaranteed: never goes back, is the same clock for all processes of one boot (on Linux: of one
// time namespace), and counts sleep and hibernation. A lease expires on its server while this
// machine sleeps, so its holder has to count that time too.
// NOT promised: any relation to the wall clock, to the clock of another host, or to another boot.
// Resolution: 1 ms or better on Linux and macOS, 10 to 16 ms on Windows.
// Thread-safety: stateless.
#pragma once

namespace gateway_lock {

double BootClockMs();

}  // namespace gateway_lock
