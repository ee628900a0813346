#include "boot_clock.h"

#include <windows.h>

namespace gateway_lock {

// GetTickCount64() keeps counting during sleep and hibernation, unlike QueryUnbiasedInterruptTime()
// (Microsoft: "Windows Time"). QueryInterruptTimePrecise() has a finer resolution but cannot be
// tested under Wine: MinGW 10 links it through the API set api-ms-win-core-realtime-l1-1-2.dll,
// which no DLL of Wine 8 exports. The resolution of GetTickCount64(), 10 to 16 ms, is fine enough
// for a lease, whose safety margin is 500 ms or more.
double BootClockMs() { return static_cast<double>(GetTickCount64()); }

}  // namespace gateway_lock
