// The names that the binaries may import from musl, macOS and Windows. Unlike glibc's, their
// symbols have no versions that a gate could check, and if an imported symbol is missing, the addon
// does not load.
//
// The comment above each list names the source according to which all of its names exist in the
// oldest supported system. Before you add a name, look it up there.
import { FLOOR } from './targets.mjs';

const words = (text) => text.trim().split(/\s+/);

/**
 * Names in musl before 1.1.0 (2014). Sources: musl's file WHATSNEW, or POSIX. musl has supported
 * arm64 since 1.1.7, and riscv64 since 1.1.23.
 */
const MUSL = words(`
  __errno_location abort atoi bcmp bind ceilf chmod clock_gettime close closedir connect dup2 epoll_create1 epoll_ctl epoll_wait
  eventfd execve fchmod fclose fcntl flock fopen free freeaddrinfo fstat fstatfs ftruncate getaddrinfo geteuid getline
  getnameinfo getpid getsockname getsockopt htons inet_pton inotify_add_watch inotify_init1 inotify_rm_watch kill listen lstat malloc
  memchr memcmp memcpy memmove memset mkdir ntohs open opendir poll pread pthread_create pthread_join pthread_mutex_destroy
  pthread_mutex_lock pthread_mutex_unlock pthread_sigmask pwrite read readdir readlink recv recvmsg sendto setsockopt shutdown
  sigaction sigfillset snprintf socket socketpair sscanf stat statfs stderr strcmp strlen strtol strtoll strtoull syscall sysconf trunc unlink vfprintf waitpid write
`);

/** Functions with 64-bit times, which 32-bit programs import. In musl since 1.2.0. */
const MUSL_TIMES = words('__clock_gettime64 __fstat_time64 __lstat_time64 __stat_time64');

/**
 * Names in macOS 10.5, except clock_gettime_nsec_np, which macOS has had since 10.12. Source: the
 * availability marks in Apple's headers. The names are listed without the leading `_` that Mach-O
 * adds.
 */
const DARWIN = words(`
  __error __stderrp abort atoi bind bzero ceilf chmod clock_gettime_nsec_np close closedir connect dup2 dyld_stub_binder execve fchmod fcntl flock free freeaddrinfo
  fstat fstat$INODE64 fstatfs fstatfs$INODE64 ftruncate getaddrinfo geteuid getnameinfo getpid getsockname getsockopt inet_pton
  kevent64 kill kqueue listen lstat lstat$INODE64 malloc memchr memcmp memcpy memmove mkdir open opendir opendir$INODE64 poll pread proc_listpids
  proc_pidfdinfo proc_pidinfo pthread_create pthread_join pthread_mutex_destroy pthread_mutex_lock pthread_mutex_unlock
  pthread_sigmask pwrite readdir readdir$INODE64 recv recvmsg sendto setsockopt shutdown sigaction snprintf socket socketpair stat stat$INODE64 statfs statfs$INODE64 strcmp strlen strtod strtof strtol strtold
  strtoll strtoul strtoull swprintf sysctl sysctlbyname trunc unlink vfprintf wcslen wcstod wcstof wcstol wcstold wcstoll
  wcstoul wcstoull wmemchr wmemcmp
`);

/**
 * Names in Windows Vista. Source: MinGW's headers. All names of the C library exist in its first
 * version, which is part of Windows 10.
 */
const WINDOWS = words(`
  AcquireSRWLockExclusive AssignProcessToJobObject CloseHandle ConvertSidToStringSidW
  ConvertStringSecurityDescriptorToSecurityDescriptorW CreateDirectoryW CreateEventW CreateFileW CreateJobObjectW
  CreateThread CreateWellKnownSid DeleteCriticalSection EnterCriticalSection EqualSid FindClose FindCloseChangeNotification
  FindFirstChangeNotificationW FindFirstFileW FindNextChangeNotification GetAce GetCurrentProcess GetExtendedTcpTable
  GetFileAttributesExW GetFileInformationByHandle GetFileInformationByHandleEx GetFileType
  GetFinalPathNameByHandleW GetFullPathNameW GetLastError GetModuleHandleW GetProcAddress GetProcessTimes GetSecurityDescriptorDacl GetSecurityInfo
  GetTickCount64 GetTokenInformation GetVolumeInformationByHandleW InitializeCriticalSection LeaveCriticalSection LoadLibraryExW LocalFree LockFileEx
  MultiByteToWideChar OpenProcess OpenProcessToken ReadFile ReleaseSRWLockExclusive SetEvent SetFileInformationByHandle
  SetInformationJobObject SetLastError SetSecurityInfo Sleep SleepConditionVariableSRW TerminateProcess TlsGetValue UnlockFileEx VirtualProtect
  VirtualQuery WSAGetLastError WSAIoctl WSASocketW WSAStartup WaitForMultipleObjects WaitForSingleObject
  WakeAllConditionVariable WideCharToMultiByte WriteFile __WSAFDIsSet __acrt_iob_func __stdio_common_vfprintf
  _execute_onexit_table _exit _fpreset _initialize_onexit_table _initterm _initterm_e _register_onexit_function abort
  bind closesocket connect free freeaddrinfo fwrite getaddrinfo getsockname getsockopt ioctlsocket listen malloc ntohs
  select setsockopt wcslen
`);

/**
 * Returns a target's oldest system and the names that its binary may import. `names` is null for
 * glibc, where any name is allowed.
 */
export function oldestSystem({ platform, libc, glibc, armv }) {
  if (platform === 'darwin') return { floor: `macOS ${FLOOR.macos}`, names: DARWIN };
  if (platform === 'win32') return { floor: `Windows ${FLOOR.windows}`, names: WINDOWS };
  if (libc === 'glibc') return { floor: `glibc ${glibc}`, names: null };
  return armv ? { floor: 'musl 1.2', names: [...MUSL, ...MUSL_TIMES] } : { floor: 'musl 1.1', names: MUSL };
}
