#include <chrono>
#include <thread>

#include "boot_clock.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST("the boot clock never goes backwards") {
  double last = BootClockMs();
  for (int i = 0; i < 100000; ++i) {
    double now = BootClockMs();
    CHECK(now >= last);
    last = now;
  }
}

TEST("the boot clock counts in milliseconds") {
  using std::chrono::steady_clock;
  auto before = steady_clock::now();
  double start = BootClockMs();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  double counted = BootClockMs() - start;
  std::chrono::duration<double, std::milli> passed = steady_clock::now() - before;
  // A tolerance of 20 ms exceeds one step of the Windows clock (10 to 16 ms).
  CHECK(counted >= 80);
  CHECK(counted <= passed.count() + 20);
}

}  // namespace
}  // namespace gateway_lock::test
