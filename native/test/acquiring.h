// Functions that acquire a lock in a single call. Each call tests the file system again.
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

inline Status TryAcquire(const std::string& path, FileLock* out, const LockOptions& options) {
  FileSystemCache file_systems;
  return FileLock::TryAcquire(path, options, &file_systems, out);
}

inline Status TryAcquire(const std::string& path, FileLock* out,
                         LockMode mode = LockMode::kExclusive) {
  return TryAcquire(path, out, OptionsFor(mode));
}

inline FileLock Acquire(const std::string& path, LockMode mode = LockMode::kExclusive) {
  FileLock lock;
  CHECK(TryAcquire(path, &lock, mode).ok());
  return lock;
}

inline bool IsRefused(const std::string& path, LockMode mode = LockMode::kExclusive) {
  FileLock lock;
  Status status = TryAcquire(path, &lock, mode);
  CHECK(status.contended() || status.ok());
  // If the lock was free, unlocks without removing the file, so that the check does not change the
  // test's files.
  lock.Unlock();
  return status.contended();
}

}  // namespace gateway_lock::test
