#include "lock_holders.h"

#include <sys/stat.h>

#include <cstdlib>

#include "fdinfo_linux.h"
#include "posix_directory.h"
#include "posix_file.h"

namespace gateway_lock {
namespace {

// Returns true if `link`, which is /proc/PID/fd/N, refers to the file.
bool IsDescriptorOf(const std::string& link, const FileIdentity& file) {
  struct stat info;
  return stat(link.c_str(), &info) == 0 && IdentityOf(info) == file;
}

bool HoldsLockOn(const std::string& process, const FileIdentity& file) {
  DirectoryStream descriptors = OpenDirectory(process + "/fd");
  if (descriptors == nullptr) return false;
  while (const dirent* entry = readdir(descriptors.get())) {
    std::string fdinfo = process + "/fdinfo/" + entry->d_name;
    // Reads the lock first, because a stat() of a file on a dead network mount would never return.
    bool locked = HasLock(fdinfo, LockMode::kExclusive) || HasLock(fdinfo, LockMode::kShared);
    if (locked && IsDescriptorOf(process + "/fd/" + entry->d_name, file)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::int64_t> FindLockHolders(const std::string& path) {
  std::vector<std::int64_t> pids;
  struct stat info;
  DirectoryStream processes = OpenDirectory("/proc");
  if (processes == nullptr || !StatPath(path.c_str(), &info).ok()) return pids;
  while (const dirent* entry = readdir(processes.get())) {
    std::int64_t pid = std::strtoll(entry->d_name, nullptr, 10);
    bool holds = pid > 0 && HoldsLockOn(std::string("/proc/") + entry->d_name, IdentityOf(info));
    if (holds) pids.push_back(pid);
  }
  return pids;
}

}  // namespace gateway_lock
