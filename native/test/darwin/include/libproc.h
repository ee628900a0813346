// The declarations from XNU's libsyscall/wrappers/libproc/libproc.h that native/os uses.
#pragma once

#include <sys/proc_info.h>

extern "C" {
int proc_listpids(std::uint32_t type, std::uint32_t typeinfo, void* buffer, int size);
int proc_pidinfo(int pid, int flavor, std::uint64_t arg, void* buffer, int size);
int proc_pidfdinfo(int pid, int fd, int flavor, void* buffer, int size);
}
