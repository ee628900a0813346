#include "boot_clock.h"

#include <time.h>

namespace gateway_lock {

// Not CLOCK_MONOTONIC, which Node's own clocks use, because it stops while the machine is suspended
// (man 2 clock_gettime).
double BootClockMs() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

}  // namespace gateway_lock
