#include "sys_error.h"

#include <windows.h>
#include <winsock2.h>

namespace gateway_lock {
namespace {

// A portable error. `number` is libuv's error number (uv/errno.h), which Node's errors use. The C
// runtime has different numbers.
struct Meaning {
  int number;
  const char* name;
  const char* text;
};

constexpr Meaning kEacces = {-4092, "EACCES", "permission denied"};
constexpr Meaning kEaddrinuse = {-4091, "EADDRINUSE", "address already in use"};
constexpr Meaning kEaddrnotavail = {-4090, "EADDRNOTAVAIL", "address not available"};
constexpr Meaning kEafnosupport = {-4089, "EAFNOSUPPORT", "address family not supported"};
constexpr Meaning kEbadf = {-4083, "EBADF", "bad file descriptor"};
constexpr Meaning kEbusy = {-4082, "EBUSY", "resource busy or locked"};
constexpr Meaning kEconnrefused = {-4078, "ECONNREFUSED", "connection refused"};
constexpr Meaning kEconnreset = {-4077, "ECONNRESET", "connection reset by peer"};
constexpr Meaning kEexist = {-4075, "EEXIST", "file already exists"};
constexpr Meaning kEfault = {-4074, "EFAULT", "bad address in system call argument"};
constexpr Meaning kEhostunreach = {-4073, "EHOSTUNREACH", "host is unreachable"};
constexpr Meaning kEinval = {-4071, "EINVAL", "invalid argument"};
constexpr Meaning kEio = {-4070, "EIO", "i/o error"};
constexpr Meaning kEloop = {-4067, "ELOOP", "too many symbolic links encountered"};
constexpr Meaning kEmfile = {-4066, "EMFILE", "too many open files"};
constexpr Meaning kEnametoolong = {-4064, "ENAMETOOLONG", "name too long"};
constexpr Meaning kEnetdown = {-4063, "ENETDOWN", "network is down"};
constexpr Meaning kEnetunreach = {-4062, "ENETUNREACH", "network is unreachable"};
constexpr Meaning kEnobufs = {-4060, "ENOBUFS", "no buffer space available"};
constexpr Meaning kEnoent = {-4058, "ENOENT", "no such file or directory"};
constexpr Meaning kEnomem = {-4057, "ENOMEM", "not enough memory"};
constexpr Meaning kEnospc = {-4055, "ENOSPC", "no space left on device"};
constexpr Meaning kEnotsock = {-4050, "ENOTSOCK", "socket operation on non-socket"};
constexpr Meaning kEnotsup = {-4049, "ENOTSUP", "operation not supported on socket"};
constexpr Meaning kEperm = {-4048, "EPERM", "operation not permitted"};
constexpr Meaning kEprotonosupport = {-4045, "EPROTONOSUPPORT", "protocol not supported"};
constexpr Meaning kErofs = {-4043, "EROFS", "read-only file system"};
constexpr Meaning kEtimedout = {-4039, "ETIMEDOUT", "connection timed out"};
constexpr Meaning kUnknown = {-4094, "UNKNOWN", "unknown error"};

struct Row {
  int code;
  const Meaning* meaning;
};

// Maps Windows error codes as libuv does (src/win/error.c).
constexpr Row kRows[] = {
    {ERROR_ACCESS_DENIED, &kEperm},
    {ERROR_ALREADY_EXISTS, &kEexist},
    {ERROR_BAD_PATHNAME, &kEnoent},
    {ERROR_BUFFER_OVERFLOW, &kEnametoolong},
    {ERROR_CANT_RESOLVE_FILENAME, &kEloop},
    {ERROR_CRC, &kEio},
    {ERROR_DIRECTORY, &kEnoent},
    {ERROR_DISK_FULL, &kEnospc},
    {ERROR_FILENAME_EXCED_RANGE, &kEnametoolong},
    {ERROR_FILE_EXISTS, &kEexist},
    {ERROR_FILE_NOT_FOUND, &kEnoent},
    {ERROR_HANDLE_DISK_FULL, &kEnospc},
    {ERROR_INVALID_DRIVE, &kEnoent},
    {ERROR_INVALID_HANDLE, &kEbadf},
    {ERROR_INVALID_NAME, &kEnoent},
    {ERROR_INVALID_PARAMETER, &kEinval},
    {ERROR_IO_DEVICE, &kEio},
    {ERROR_LOCK_VIOLATION, &kEbusy},
    {ERROR_NETNAME_DELETED, &kEconnreset},
    {ERROR_NETWORK_UNREACHABLE, &kEnetunreach},
    {ERROR_NOT_ENOUGH_MEMORY, &kEnomem},
    {ERROR_NOT_SUPPORTED, &kEnotsup},
    {ERROR_NO_SYSTEM_RESOURCES, &kEnomem},
    {ERROR_OUTOFMEMORY, &kEnomem},
    {ERROR_PATH_NOT_FOUND, &kEnoent},
    {ERROR_PRIVILEGE_NOT_HELD, &kEperm},
    {ERROR_SHARING_VIOLATION, &kEbusy},
    {ERROR_TOO_MANY_OPEN_FILES, &kEmfile},
    {ERROR_WRITE_PROTECT, &kErofs},
    {WSAEACCES, &kEacces},
    {WSAEADDRINUSE, &kEaddrinuse},
    {WSAEADDRNOTAVAIL, &kEaddrnotavail},
    {WSAEAFNOSUPPORT, &kEafnosupport},
    {WSAECONNREFUSED, &kEconnrefused},
    {WSAECONNRESET, &kEconnreset},
    {WSAEFAULT, &kEfault},
    {WSAEHOSTUNREACH, &kEhostunreach},
    {WSAEINVAL, &kEinval},
    {WSAEMFILE, &kEmfile},
    {WSAENETDOWN, &kEnetdown},
    {WSAENETUNREACH, &kEnetunreach},
    {WSAENOBUFS, &kEnobufs},
    {WSAENOTSOCK, &kEnotsock},
    {WSAEPROTONOSUPPORT, &kEprotonosupport},
    {WSAETIMEDOUT, &kEtimedout},
    {WSANOTINITIALISED, &kEnetdown},
};

const Meaning& Find(int code) {
  for (const Row& row : kRows) {
    if (row.code == code) return *row.meaning;
  }
  return kUnknown;
}

}  // namespace

int ErrorNumber(int sys_code) { return Find(sys_code).number; }
const char* ErrorName(int sys_code) { return Find(sys_code).name; }
const char* ErrorText(int sys_code) { return Find(sys_code).text; }

}  // namespace gateway_lock
