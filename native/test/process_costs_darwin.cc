#include "process_costs.h"

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
  // Room for more than there can be: without a buffer the kernel tells a bound, not a count.
  std::vector<proc_fdinfo> room(4096);
  int size = proc_pidinfo(getpid(), PROC_PIDLISTFDS, 0, room.data(),
                          static_cast<int>(room.size() * sizeof room[0]));
  CHECK(size > 0);
  return size / static_cast<int>(sizeof room[0]);
}

}  // namespace gateway_lock::test
