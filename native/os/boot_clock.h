// The boot clock, which counts the time since an arbitrary moment, including the time during which
// the machine is suspended.
//
// Guaranteed: the clock never goes backwards, and keeps counting during sleep and hibernation. All
// processes of one boot share the clock (on Linux: all processes of one time namespace). The clock
// has to count sleep because a lease expires on the server even while the machine of the holder
// sleeps.
// NOT promised: any relation to the wall clock, to the boot clock of another host, or to the clock
// of another boot.
// Resolution: 1 ms or better on Linux and macOS, 10 to 16 ms on Windows.
// Thread-safety: stateless.
#pragma once

namespace gateway_lock {

double BootClockMs();

}  // namespace gateway_lock
