#include "boot_clock.h"

#include <windows.h>

namespace gateway_lock {

// Counts sleep and hibernation, unlike QueryUnbiasedInterruptTime() (Microsoft: "Windows Time").
// QueryInterruptTimePrecise() is finer, but Wine 8 and the import libraries of MinGW lack it, and a
// lease has a margin of 500 ms or more.
double BootClockMs() { return static_cast<double>(GetTickCount64()); }

}  // namespace gateway_lock
