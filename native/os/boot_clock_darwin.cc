#include "boot_clock.h"

#include <time.h>

namespace gateway_lock {

// Reads the clock of mach_continuous_time() in nanoseconds (man 3 clock_gettime_nsec_np).
// CLOCK_UPTIME_RAW, which Node's own clocks use, stops while the machine sleeps.
double BootClockMs() {
  return static_cast<double>(clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW)) / 1e6;
}

}  // namespace gateway_lock
