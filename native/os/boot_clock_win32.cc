#include "boot_clock.h"

#include <windows.h>

namespace gateway_lock {

// Counts sleep and hibernation, unlike QueryUnbiasedInterruptTime() (Microsoft: "Windows Time").
// QueryInterruptTimePrecise() is finer, but no DLL of Wine 8 exports it, and MinGW 10 imports it from
// an API set (api-ms-win-core-realtime-l1-1-2.dll) that Wine 8 lacks, so the addon would not load
// there. The steps of 10 to 16 ms are small beside the margin of a lease, which is 500 ms or more.
double BootClockMs() { return static_cast<double>(GetTickCount64()); }

}  // namespace gateway_lock
