// Taking a lock as a contender does that has seen no file system before.
#pragma once

#include <string>

#include "file_lock.h"
#include "test.h"

namespace gateway_lock::test {

inline LockOptions OptionsFor(LockMode mode) {
  LockOptions options;
  options.mode = mode;
  return options;
}

inline Status TryTake(const std::string& path, FileLock* out, const LockOptions& options) {
  FileSystemCache file_systems;
  return FileLock::TryAcquire(path, options, &file_systems, out);
}

inline Status TryTake(const std::string& path, FileLock* out,
                      LockMode mode = LockMode::kExclusive) {
  return TryTake(path, out, OptionsFor(mode));
}

inline FileLock Take(const std::string& path, LockMode mode = LockMode::kExclusive) {
  FileLock lock;
  CHECK(TryTake(path, &lock, mode).ok());
  return lock;
}

inline bool IsRefused(const std::string& path, LockMode mode = LockMode::kExclusive) {
  FileLock lock;
  Status status = TryTake(path, &lock, mode);
  CHECK(status.contended() || status.ok());
  // So that asking leaves no trace: the file of a lock that was free belongs to the test.
  lock.Unlock();
  return status.contended();
}

}  // namespace gateway_lock::test
