#include "orphans.h"

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>

#include "posix_directory.h"

namespace gateway_lock {

// Tries each process, because waitpid(-1) could reap a known child. waitpid() fails at once for a
// process that is not a child of this process.
int ReapOrphans(const std::vector<std::int64_t>& known) {
  DirectoryStream processes = OpenDirectory("/proc");
  if (processes == nullptr) return 0;
  int reaped = 0;
  while (const dirent* entry = readdir(processes.get())) {
    std::int64_t pid = std::strtoll(entry->d_name, nullptr, 10);
    if (pid <= 0 || std::find(known.begin(), known.end(), pid) != known.end()) continue;
    if (waitpid(static_cast<pid_t>(pid), nullptr, WNOHANG) > 0) ++reaped;
  }
  return reaped;
}

}  // namespace gateway_lock
