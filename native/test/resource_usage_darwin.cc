#include "resource_usage.h"

#include <libproc.h>
#include <sys/proc_info.h>
#include <unistd.h>

#include <vector>

#include "test.h"

namespace gateway_lock::test {

int CountThreads() {
  proc_taskinfo info = {};
  CHECK(proc_pidinfo(getpid(), PROC_PIDTASKINFO, 0, &info, sizeof info) == sizeof info);
  return info.pti_threadnum;
}

int CountDescriptors() {
  // The buffer has room for more descriptors than any test opens. Without a buffer the kernel
  // returns an upper bound instead of the number.
  std::vector<proc_fdinfo> descriptors(4096);
  int size = proc_pidinfo(getpid(), PROC_PIDLISTFDS, 0, descriptors.data(),
                          static_cast<int>(descriptors.size() * sizeof descriptors[0]));
  CHECK(size > 0);
  return size / static_cast<int>(sizeof descriptors[0]);
}

}  // namespace gateway_lock::test
