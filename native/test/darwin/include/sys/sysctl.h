// The declarations from XNU's bsd/sys/sysctl.h that native/os uses.
#pragma once

#include <sys/time.h>

#include <cstddef>

#define CTL_KERN 1
#define KERN_PROC 14
#define KERN_PROC_PID 1
#define KERN_PROCARGS2 49
#define SZOMB 5
#define SRUN 2

struct extern_proc {
  timeval p_starttime;
  char p_stat;
};

struct kinfo_proc {
  extern_proc kp_proc;
};

extern "C" {
int sysctl(int* name, unsigned name_length, void* old, std::size_t* old_length, void* next,
           std::size_t next_length);
int sysctlbyname(const char* name, void* old, std::size_t* old_length, void* next,
                 std::size_t next_length);
}
