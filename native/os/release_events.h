// The part of ReleaseWatch that differs per OS: the events of files and processes. For
// release_watch.cc only; the contract is in release_watch.h.
//
// Thread-safety: Wait() is for the thread of the watch, all other members are for the thread of the
// owner. Both may run at the same time.
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
  enum class WaitResult { kWoken, kTimeout, kFailed };
  static constexpr int kForever = -1;

  static Status Open(std::unique_ptr<ReleaseEvents>* out);
  virtual ~ReleaseEvents() = default;

  // On failure the token has no watch.
  virtual Status Add(Token token, const std::string& path, std::int64_t owner_pid,
                     WatchScope* scope) = 0;
  virtual void Remove(Token token) = 0;
  // Ends the current Wait(), or the next one.
  virtual void Interrupt() = 0;
  // Sleeps until there are events, at most `timeout_ms` milliseconds (kForever: no limit). Appends
  // the tokens with events to `reported` and removes their watches.
  virtual WaitResult Wait(int timeout_ms, std::vector<Token>* reported) = 0;
};

}  // namespace gateway_lock
