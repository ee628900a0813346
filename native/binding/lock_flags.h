// The options of a lock, passed from JavaScript as bits of an integer, because passing an object
// would take as long as acquiring the lock. src/native/binding.ts defines the same bits.
#pragma once

#include <cstdint>

#include "lock_options.h"

namespace gateway_lock {

inline constexpr std::int64_t kSharedFlag = 1;
inline constexpr std::int64_t kAllowWeakFlag = 2;
inline constexpr std::int64_t kKeepFileFlag = 4;
inline constexpr std::int64_t kExistingFileFlag = 8;
inline constexpr std::int64_t kGroupFlag = 16;
inline constexpr std::int64_t kEveryoneFlag = 32;
inline constexpr std::int64_t kAllLockFlags = 63;

inline LockOptions OptionsOf(std::int64_t flags) {
  LockOptions options;
  options.mode = (flags & kSharedFlag) ? LockMode::kShared : LockMode::kExclusive;
  options.allow_weak = (flags & kAllowWeakFlag) != 0;
  options.keep_file = (flags & kKeepFileFlag) != 0;
  options.existing_file = (flags & kExistingFileFlag) != 0;
  if (flags & kGroupFlag) options.access = FileAccess::kGroup;
  if (flags & kEveryoneFlag) options.access = FileAccess::kEveryone;
  return options;
}

}  // namespace gateway_lock
