// bsd/sys/mount.h of XNU, as far as native/os uses it.
#pragma once
// As a header of the system: the call and the structure have one name.
#pragma GCC system_header

#include <cstdint>

#define MNT_LOCAL 0x00001000
// The C library declares the calls of these names for Linux.
#define statfs darwin_statfs
#define fstatfs darwin_fstatfs

struct darwin_statfs {
  std::uint32_t f_flags;
  char f_fstypename[16];
};

extern "C" int darwin_statfs(const char* path, struct darwin_statfs* info);
extern "C" int darwin_fstatfs(int fd, struct darwin_statfs* info);
