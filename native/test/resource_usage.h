// Measures this process's resources, so that tests can detect leaks.
#pragma once

namespace gateway_lock::test {

// Returns the user and system CPU time of all threads, in milliseconds.
double CpuMs();
int CountThreads();
// Returns the number of open descriptors (POSIX) or handles (Windows).
int CountDescriptors();

void SleepMs(unsigned milliseconds);

}  // namespace gateway_lock::test
