// What this process uses of the system, to see that nothing stays behind.
#pragma once

namespace gateway_lock::test {

// Milliseconds of CPU that all threads have used, in user and system mode.
double CpuMs();
int CountThreads();
// Open files, sockets, events: what the system counts as a descriptor or a handle.
int CountDescriptors();

void SleepMs(unsigned milliseconds);

}  // namespace gateway_lock::test
