#include "boot_clock.h"

#include <windows.h>

namespace gateway_lock {

// GetTickCount64() counts sleep and hibernation, unlike QueryUnbiasedInterruptTime() (Microsoft:
// "Windows Time"). QueryInterruptTimePrecise() is finer but cannot be tested here: MinGW 10 links
// it through the API set api-ms-win-core-realtime-l1-1-2.dll, which no DLL of Wine 8 exports. Steps
// of 10 to 16 ms are small beside the margin of a lease, which is 500 ms or more.
double BootClockMs() { return static_cast<double>(GetTickCount64()); }

}  // namespace gateway_lock
