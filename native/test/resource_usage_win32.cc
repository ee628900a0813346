#include "resource_usage.h"

#include <windows.h>
// Must be included after windows.h.
#include <tlhelp32.h>

#include "test.h"

namespace gateway_lock::test {
namespace {

double Ms(const FILETIME& time) {
  auto ticks = (static_cast<unsigned long long>(time.dwHighDateTime) << 32) | time.dwLowDateTime;
  return static_cast<double>(ticks) / 10'000;  // one tick is 100 ns
}

}  // namespace

double CpuMs() {
  FILETIME created;
  FILETIME ended;
  FILETIME system;
  FILETIME user;
  CHECK(GetProcessTimes(GetCurrentProcess(), &created, &ended, &system, &user));
  return Ms(system) + Ms(user);
}

int CountThreads() {
  HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
  CHECK(all != INVALID_HANDLE_VALUE);
  THREADENTRY32 thread = {};
  thread.dwSize = sizeof thread;
  int count = 0;
  for (BOOL more = Thread32First(all, &thread); more; more = Thread32Next(all, &thread)) {
    if (thread.th32OwnerProcessID == GetCurrentProcessId()) ++count;
  }
  CloseHandle(all);
  return count;
}

int CountDescriptors() {
  DWORD count = 0;
  CHECK(GetProcessHandleCount(GetCurrentProcess(), &count));
  return static_cast<int>(count);
}

void SleepMs(unsigned milliseconds) { Sleep(milliseconds); }

}  // namespace gateway_lock::test
