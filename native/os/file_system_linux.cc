#include "file_system.h"

#include <sys/vfs.h>

namespace gateway_lock {
namespace {

// Magic numbers of statfs(2), defined here because old kernel headers lack some of them.
constexpr std::uint32_t kRemoteTypes[] = {
    0x00006969,  // NFS
    0xFF534D42,  // CIFS
    0xFE534D42,  // SMB2
    0x0000517B,  // SMB
    0x01021997,  // 9p: WSL's /mnt/c, qemu
    0x65735546,  // FUSE and virtiofs: the server decides whether flock() works across hosts
    0x00C36400,  // Ceph
    0x5346414F,  // AFS
    0x786F4256,  // vboxsf
};

constexpr std::uint32_t kFat = 0x00004D44;
constexpr std::uint32_t kExFat = 0x2011BAB0;

}  // namespace

bool IsRemoteFileSystem(const FileHandle& file) {
  struct statfs info;
  if (fstatfs(static_cast<int>(file.get()), &info) != 0) return true;
  for (std::uint32_t type : kRemoteTypes) {
    if (static_cast<std::uint32_t>(info.f_type) == type) return true;
  }
  return false;
}

bool LacksModes(const std::string& path) {
  struct statfs info;
  if (statfs(path.c_str(), &info) != 0) return false;
  auto type = static_cast<std::uint32_t>(info.f_type);
  return type == kFat || type == kExFat;
}

const char* DescribeWeakness(const FileHandle& /*file*/) {
  return "grants the lock to two holders at once";
}

}  // namespace gateway_lock
