// What an operation of this layer came to. A value, never an exception: this layer is built
// with -fno-exceptions and must be usable from a plain C++ program.
//
// Contention is not an error: kContended is the ordinary answer to "somebody else has it".
// Thread-safety: plain data.
#pragma once

namespace gateway_lock {

enum class StatusKind {
  kOk,
  kContended,       // somebody else holds it
  kSystemError,     // sys_code and syscall say which call failed and how
  kInvalidFile,     // what the path names must not be used as a lock; detail says why
  kForeignOwner,    // it belongs to another user; detail says how
  kUnsupported,     // this file system or kernel has no such lock
  kReplaced,        // the path no longer names the file that was opened
  kWeakFileSystem,  // it grants the lock to two at once; detail says how that was seen
};

struct [[nodiscard]] Status {
  StatusKind kind = StatusKind::kOk;
  int sys_code = 0;          // errno on POSIX, GetLastError() on Windows
  const char* syscall = "";  // static text
  const char* detail = "";   // static text

  bool ok() const { return kind == StatusKind::kOk; }
  bool contended() const { return kind == StatusKind::kContended; }
  // A failure that may be over in a moment (Windows only).
  bool transient() const { return kind == StatusKind::kSystemError && detail[0] != '\0'; }

  static Status Ok() { return {}; }
  static Status Contended() { return {StatusKind::kContended, 0, "", ""}; }
  static Status SystemError(int code, const char* syscall) {
    return {StatusKind::kSystemError, code, syscall, ""};
  }
  // One that may be over in a moment; `detail` names the grace that it deserves.
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
