#include "boot_clock.h"

#include <time.h>

namespace gateway_lock {

// Reads CLOCK_BOOTTIME, because CLOCK_MONOTONIC, which Node's own clocks use, stops during suspend
// (man 2 clock_gettime).
double BootClockMs() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

}  // namespace gateway_lock
