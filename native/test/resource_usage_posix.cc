#include "resource_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include "test.h"

namespace gateway_lock::test {
namespace {

double Ms(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_usec) / 1000;
}

}  // namespace

double CpuMs() {
  rusage usage = {};
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  return Ms(usage.ru_utime) + Ms(usage.ru_stime);
}

void SleepMs(unsigned milliseconds) {
  for (unsigned left = milliseconds; left > 0; --left) usleep(1000);
}

}  // namespace gateway_lock::test
