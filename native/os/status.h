// The result of an operation of this layer. Results are values, never exceptions, because this
// layer is built with -fno-exceptions and must work in a plain C++ program.
//
// Contention is not an error: kContended is the normal result if another holder has the lock.
// Thread-safety: plain data.
#pragma once

namespace gateway_lock {

enum class StatusKind {
  kOk,
  kContended,       // another holder has the lock
  kSystemError,     // syscall is the call that failed, sys_code its error code
  kInvalidFile,     // the path must not be used as a lock file; detail is the reason
  kForeignOwner,    // the file or directory belongs to another user; detail is the message
  kUnsupported,     // the file system or the OS does not support the operation
  kReplaced,        // the path no longer names the file that was opened
  kWeakFileSystem,  // locks on this file system have no effect; detail is the symptom
};

struct [[nodiscard]] Status {
  StatusKind kind = StatusKind::kOk;
  int sys_code = 0;          // errno on POSIX, GetLastError() on Windows
  const char* syscall = "";  // static text
  const char* detail = "";   // static text

  bool ok() const { return kind == StatusKind::kOk; }
  bool contended() const { return kind == StatusKind::kContended; }
  // Returns true for a transient failure; `detail` then names the grace period
  // (src/lock/grace-period.ts).
  bool transient() const { return kind == StatusKind::kSystemError && detail[0] != '\0'; }

  static Status Ok() { return {}; }
  static Status Contended() { return {StatusKind::kContended, 0, "", ""}; }
  static Status SystemError(int code, const char* syscall) {
    return {StatusKind::kSystemError, code, syscall, ""};
  }
  // Returns a transient failure. `detail` names its grace period.
  static Status TransientError(int code, const char* syscall, const char* detail) {
    return {StatusKind::kSystemError, code, syscall, detail};
  }
  static Status InvalidFile(const char* detail) {
    return {StatusKind::kInvalidFile, 0, "", detail};
  }
  static Status ForeignOwner(const char* detail) {
    return {StatusKind::kForeignOwner, 0, "", detail};
  }
  static Status Unsupported(int code, const char* syscall) {
    return {StatusKind::kUnsupported, code, syscall, ""};
  }
  static Status Replaced() { return {StatusKind::kReplaced, 0, "", ""}; }
  static Status WeakFileSystem(const char* detail) {
    return {StatusKind::kWeakFileSystem, 0, "", detail};
  }
};

}  // namespace gateway_lock
