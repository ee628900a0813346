// The declarations from XNU's bsd/sys/mount.h that native/os uses.
#pragma once
// Suppresses warnings, because, as in the real header, a function and a structure have the same
// name.
#pragma GCC system_header

#include <cstdint>

#define MNT_LOCAL 0x00001000
// Renamed, because the C library declares Linux functions with these names.
#define statfs darwin_statfs
#define fstatfs darwin_fstatfs

struct darwin_statfs {
  std::uint32_t f_flags;
  char f_fstypename[16];
};

extern "C" int darwin_statfs(const char* path, struct darwin_statfs* info);
extern "C" int darwin_fstatfs(int fd, struct darwin_statfs* info);
