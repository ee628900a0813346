#include "sys_error.h"

#include <windows.h>
#include <winsock2.h>

namespace gateway_lock {
namespace {

struct Row {
  int code;
  const char* name;
  const char* text;
};

// As libuv translates them (src/win/error.c).
constexpr Row kRows[] = {
    {ERROR_ACCESS_DENIED, "EPERM", "operation not permitted"},
    {ERROR_ALREADY_EXISTS, "EEXIST", "file already exists"},
    {ERROR_BAD_EXE_FORMAT, "ENOEXEC", "exec format error"},
    {ERROR_BAD_PATHNAME, "ENOENT", "no such file or directory"},
    {ERROR_BUFFER_OVERFLOW, "ENAMETOOLONG", "name too long"},
    {ERROR_CANT_RESOLVE_FILENAME, "ELOOP", "too many symbolic links encountered"},
    {ERROR_CRC, "EIO", "i/o error"},
    {ERROR_DIRECTORY, "ENOENT", "no such file or directory"},
    {ERROR_DISK_FULL, "ENOSPC", "no space left on device"},
    {ERROR_FILENAME_EXCED_RANGE, "ENAMETOOLONG", "name too long"},
    {ERROR_FILE_EXISTS, "EEXIST", "file already exists"},
    {ERROR_FILE_NOT_FOUND, "ENOENT", "no such file or directory"},
    {ERROR_HANDLE_DISK_FULL, "ENOSPC", "no space left on device"},
    {ERROR_INVALID_DRIVE, "ENOENT", "no such file or directory"},
    {ERROR_INVALID_HANDLE, "EBADF", "bad file descriptor"},
    {ERROR_INVALID_NAME, "ENOENT", "no such file or directory"},
    {ERROR_INVALID_PARAMETER, "EINVAL", "invalid argument"},
    {ERROR_IO_DEVICE, "EIO", "i/o error"},
    {ERROR_LOCK_VIOLATION, "EBUSY", "resource busy or locked"},
    {ERROR_NETNAME_DELETED, "ECONNRESET", "connection reset by peer"},
    {ERROR_NETWORK_UNREACHABLE, "ENETUNREACH", "network is unreachable"},
    {ERROR_NOT_ENOUGH_MEMORY, "ENOMEM", "not enough memory"},
    {ERROR_NOT_SUPPORTED, "ENOTSUP", "operation not supported on socket"},
    {ERROR_NO_SYSTEM_RESOURCES, "ENOMEM", "not enough memory"},
    {ERROR_OUTOFMEMORY, "ENOMEM", "not enough memory"},
    {ERROR_PATH_NOT_FOUND, "ENOENT", "no such file or directory"},
    {ERROR_PRIVILEGE_NOT_HELD, "EPERM", "operation not permitted"},
    {ERROR_SHARING_VIOLATION, "EBUSY", "resource busy or locked"},
    {ERROR_TOO_MANY_OPEN_FILES, "EMFILE", "too many open files"},
    {ERROR_WRITE_PROTECT, "EROFS", "read-only file system"},
    {WSAEACCES, "EACCES", "permission denied"},
    {WSAEADDRINUSE, "EADDRINUSE", "address already in use"},
    {WSAEADDRNOTAVAIL, "EADDRNOTAVAIL", "address not available"},
    {WSAEAFNOSUPPORT, "EAFNOSUPPORT", "address family not supported"},
    {WSAECONNREFUSED, "ECONNREFUSED", "connection refused"},
    {WSAECONNRESET, "ECONNRESET", "connection reset by peer"},
    {WSAEFAULT, "EFAULT", "bad address in system call argument"},
    {WSAEHOSTUNREACH, "EHOSTUNREACH", "host is unreachable"},
    {WSAEINVAL, "EINVAL", "invalid argument"},
    {WSAEMFILE, "EMFILE", "too many open files"},
    {WSAENETDOWN, "ENETDOWN", "network is down"},
    {WSAENETUNREACH, "ENETUNREACH", "network is unreachable"},
    {WSAENOBUFS, "ENOBUFS", "no buffer space available"},
    {WSAENOTSOCK, "ENOTSOCK", "socket operation on non-socket"},
    {WSAEPROTONOSUPPORT, "EPROTONOSUPPORT", "protocol not supported"},
    {WSAETIMEDOUT, "ETIMEDOUT", "connection timed out"},
    {WSANOTINITIALISED, "ENETDOWN", "network is down"},
};

constexpr Row kUnknown = {0, "UNKNOWN", "unknown error"};

const Row& Find(int code) {
  for (const Row& row : kRows) {
    if (row.code == code) return row;
  }
  return kUnknown;
}

}  // namespace

const char* ErrorName(int sys_code) { return Find(sys_code).name; }
const char* ErrorText(int sys_code) { return Find(sys_code).text; }

}  // namespace gateway_lock
