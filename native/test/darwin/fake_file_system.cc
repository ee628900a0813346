// Implements fstat(), lstat(), flock(), statfs() and fstatfs() with macOS's results on APFS, FAT
// and SMB.
#include "fake_file_system.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>

extern "C" {
int __real_fstat(int fd, struct stat* info);
int __real_lstat(const char* path, struct stat* info);
int __real_flock(int fd, int operation);
}

namespace gateway_lock::darwin {
namespace {

constexpr std::uint32_t kLocal = 0x00001000;  // MNT_LOCAL

Mounted mounted = Mounted::kApfs;

// For smbfs: for each inode, the descriptor that holds the Linux lock, and all descriptors that
// were granted a lock.
std::map<ino_t, int>& holders = *new std::map<ino_t, int>();
std::set<int>& granted = *new std::set<int>();

// Follows msdosfs: a file's inode number is the number of its first cluster, and an empty file has
// none.
void ChangeToFat(struct stat* info) {
  if (S_ISREG(info->st_mode) && info->st_size == 0) info->st_ino ^= ino_t{1} << 40;
}

ino_t InodeOf(int fd) {
  struct stat info = {};
  return __real_fstat(fd, &info) == 0 ? info.st_ino : 0;
}

int FlockOnSmb(int fd, int operation) {
  ino_t inode = InodeOf(fd);
  auto holder = holders.find(inode);
  if ((operation & LOCK_UN) != 0) {
    if (holder == holders.end()) return 0;
    int result = __real_flock(holder->second, LOCK_UN);
    holders.erase(holder);
    return result;
  }
  if (holder == holders.end()) {
    int result = __real_flock(fd, operation);
    if (result != 0) return result;
    holders[inode] = fd;
  }
  granted.insert(fd);
  return 0;
}

}  // namespace

void MountAs(Mounted type) { mounted = type; }
Mounted MountedAs() { return mounted; }

// Follows vn_closefile(): only closing a descriptor that has had a lock (FWASLOCKED) drops it.
void DropLockOfClosed(int fd) {
  if (mounted == Mounted::kSmb && granted.erase(fd) > 0) (void)FlockOnSmb(fd, LOCK_UN);
}

}  // namespace gateway_lock::darwin

using namespace gateway_lock::darwin;  // NOLINT

// Follows soo_stat() in bsd/kern/sys_socket.c, which returns no device or inode number for a
// socket.
extern "C" int __wrap_fstat(int fd, struct stat* info) {
  int result = __real_fstat(fd, info);
  if (result == 0 && S_ISSOCK(info->st_mode)) {
    info->st_dev = 0;
    info->st_ino = 0;
  }
  if (result == 0 && mounted == Mounted::kFat) ChangeToFat(info);
  return result;
}

extern "C" int __wrap_lstat(const char* path, struct stat* info) {
  int result = __real_lstat(path, info);
  if (result == 0 && mounted == Mounted::kFat) ChangeToFat(info);
  return result;
}

extern "C" int __wrap_flock(int fd, int operation) {
  return mounted == Mounted::kSmb ? FlockOnSmb(fd, operation) : __real_flock(fd, operation);
}

// Implements statfs(); include/sys/mount.h maps statfs() and fstatfs() to these names. Fills in
// f_flags and f_fstypename.
extern "C" int darwin_statfs(const char* /*path*/, void* info) {
  std::uint32_t flags = mounted == Mounted::kSmb ? 0 : kLocal;
  const char* name = mounted == Mounted::kSmb   ? "smbfs"
                     : mounted == Mounted::kFat ? "msdos"
                                                : "apfs";
  std::memcpy(info, &flags, sizeof flags);
  std::snprintf(static_cast<char*>(info) + sizeof flags, 16, "%s", name);
  return 0;
}

extern "C" int darwin_fstatfs(int fd, void* info) {
  struct stat opened = {};
  return __real_fstat(fd, &opened) == 0 ? darwin_statfs("", info) : -1;
}
