#include "file_system.h"

#include <sys/mount.h>
#include <sys/param.h>

#include <cstring>

namespace gateway_lock {

// MNT_LOCAL is set if the file system is stored locally (man 2 statfs).
bool IsRemoteFileSystem(const FileHandle& file) {
  struct statfs info;
  if (fstatfs(static_cast<int>(file.get()), &info) != 0) return true;
  return (info.f_flags & MNT_LOCAL) == 0;
}

bool LacksModes(const std::string& path) {
  struct statfs info;
  if (statfs(path.c_str(), &info) != 0) return false;
  return std::strcmp(info.f_fstypename, "msdos") == 0 ||
         std::strcmp(info.f_fstypename, "exfat") == 0;
}

// smbfs passes flock() to the server as a lock of the whole process, whichever descriptor is used
// (smb_vnop_advlock in SMBClient, kernel/smbfs/smbfs_vnops.c).
const char* DescribeWeakness(const FileHandle& file) {
  struct statfs info;
  bool smb = fstatfs(static_cast<int>(file.get()), &info) == 0 &&
             std::strcmp(info.f_fstypename, "smbfs") == 0;
  return smb ? "is on an SMB volume, where macOS grants the lock to every holder in one process"
             : "grants the lock to two holders at once";
}

}  // namespace gateway_lock
