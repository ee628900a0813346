// The part of ReleaseWatch that differs per OS: waiting for events of files and processes. Included
// by release_watch.cc and the implementations only. The contract is in release_watch.h.
//
// Thread-safety: only the watcher thread calls Wait(), and only the owner's thread calls the other
// members. The two threads may run at the same time.
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

  // Starts a watch for the token, and ends its previous watch. If Add() fails, the token has no
  // watch.
  virtual Status Add(Token token, const std::string& path, std::int64_t owner_pid,
                     WatchScope* scope) = 0;
  virtual void Remove(Token token) = 0;
  // Ends the current Wait(). If no Wait() is running, the next Wait() returns at once.
  virtual void Interrupt() = 0;
  // Waits for events for at most `timeout_ms` milliseconds, or without a limit if it is kForever.
  // Appends the tokens that have events to `reported` and removes their watches.
  virtual WaitResult Wait(int timeout_ms, std::vector<Token>* reported) = 0;
};

}  // namespace gateway_lock
