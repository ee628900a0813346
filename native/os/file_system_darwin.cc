#include "file_system.h"

#include <sys/mount.h>
#include <sys/param.h>

namespace gateway_lock {

// MNT_LOCAL is the kernel's own answer to "is it stored on this machine" (man 2 statfs).
bool IsRemoteFileSystem(const FileHandle& file) {
  struct statfs info;
  if (fstatfs(static_cast<int>(file.get()), &info) != 0) return true;
  return (info.f_flags & MNT_LOCAL) == 0;
}

}  // namespace gateway_lock
