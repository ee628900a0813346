// What the system reports of files and processes: the part of ReleaseWatch that differs per system.
// For release_watch.cc only; the contract is in release_watch.h.
//
// Thread-safety: Wait() is for the watch's thread, the others are for the owner's, at the same time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "release_watch.h"

namespace gateway_lock {

class ReleaseEvents {
 public:
  using Token = ReleaseWatch::Token;
  enum class WaitResult { kWoken, kTimeout, kFailed };  // kTimeout: the time is over
  static constexpr int kForever = -1;

  static Status Open(std::unique_ptr<ReleaseEvents>* out);
  virtual ~ReleaseEvents() = default;

  // On failure nothing is watched for the token.
  virtual Status Add(Token token, const std::string& path, std::int64_t owner_pid,
                     WatchScope* scope) = 0;
  virtual void Remove(Token token) = 0;
  // Ends a Wait(), or the next one.
  virtual void Interrupt() = 0;
  // Sleeps until there is something to report, and removes those tokens; at most for `timeout_ms`,
  // kForever for ever.
  virtual WaitResult Wait(int timeout_ms, std::vector<Token>* reported) = 0;
};

}  // namespace gateway_lock
