// Functions that measure which resources this process uses, so that tests can detect leaks.
#pragma once

namespace gateway_lock::test {

// Returns the CPU time of all threads in user and system mode, in milliseconds.
double CpuMs();
int CountThreads();
// Returns the number of open descriptors (POSIX) or handles (Windows).
int CountDescriptors();

void SleepMs(unsigned milliseconds);

}  // namespace gateway_lock::test
