// The boot clock: the time since an arbitrary point, including the time the machine is suspended.
//
// Guaranteed: the clock never goes backwards, and keeps counting during sleep and hibernation. All
// processes of one boot share the clock (on Linux: all processes in one time namespace). Sleep must
// count, because a lease expires on the server even while the holder's machine is asleep.
// NOT promised: any relation to the wall clock, or to the boot clock of another host or another
// boot.
// Resolution: 1 ms or better on Linux and macOS, 10 to 16 ms on Windows.
// Thread-safety: stateless.
#pragma once

namespace gateway_lock {

double BootClockMs();

}  // namespace gateway_lock
