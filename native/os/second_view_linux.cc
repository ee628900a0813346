#include "second_view.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "fdinfo_linux.h"
#include "overlay_linux.h"
#include "posix_directory.h"
#include "posix_file.h"

namespace gateway_lock {
namespace {

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Reads a file's attributes without the cache, because a FUSE mount's cached attributes may be one
// second old (attr_timeout).
bool StatFresh(const char* path, int flags, struct statx* info) {
  // Calls statx by number, because glibc has statx() only since 2.28 and the binary must run with
  // glibc 2.17.
  return syscall(SYS_statx, AT_FDCWD, path, flags | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, info) ==
         0;
}

bool SameDevice(const struct statx& a, const struct statx& b) {
  return a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
}

// On one device, compares the inode numbers. Otherwise compares the size and the change time: a
// view reports the original file's change time to the nanosecond, and no call can set the change
// time of a copy.
bool SameFile(const struct statx& ours, const struct statx& theirs) {
  if (SameDevice(ours, theirs)) return ours.stx_ino == theirs.stx_ino;
  return ours.stx_size == theirs.stx_size && ours.stx_ctime.tv_sec == theirs.stx_ctime.tv_sec &&
         ours.stx_ctime.tv_nsec == theirs.stx_ctime.tv_nsec;
}

// Returns true if a descriptor of the process has the file `ours` open and locked. `link` is
// /proc/PID/fd/N, which refers to the open file itself, even if its path now names another file.
bool IsSameFileLocked(const std::string& path, const struct statx& ours, const std::string& link,
                      const std::string& fdinfo) {
  char target[4096];
  ssize_t length = readlink(link.c_str(), target, sizeof target);
  if (length <= 0) return false;
  std::string their_path(target, static_cast<std::size_t>(length));
  if (BaseName(their_path) != BaseName(path) || !HasLock(fdinfo, LockMode::kExclusive))
    return false;
  struct statx theirs;
  if (!StatFresh(link.c_str(), 0, &theirs)) return false;
  // SameFile() misses some overlay files: opening a lower file for writing copies it to the upper
  // layer, and the copy has its own change time.
  return SameFile(ours, theirs) || IsOverlaid(path, their_path) || IsOverlaid(their_path, path);
}

}  // namespace

bool IsHeldInOtherView(const std::string& path, std::int64_t pid) {
  struct statx ours;
  if (pid <= 0 || !StatFresh(path.c_str(), AT_SYMLINK_NOFOLLOW, &ours)) return false;
  std::string process = "/proc/" + std::to_string(pid);
  std::string links = process + "/fd/";
  std::string facts = process + "/fdinfo/";
  DirectoryStream descriptors = OpenDirectory(links);
  if (descriptors == nullptr) return false;
  while (const dirent* entry = readdir(descriptors.get())) {
    if (IsSameFileLocked(path, ours, links + entry->d_name, facts + entry->d_name)) return true;
  }
  return false;
}

}  // namespace gateway_lock
