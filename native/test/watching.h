// A watch whose reports a test can wait for, with a deadline instead of a sleep.
#pragma once

#include <string>
#include <vector>

#include "release_watch.h"
#include "unique_handle.h"

namespace gateway_lock::test {

class Watcher {
 public:
  using Token = ReleaseWatch::Token;

  Watcher();

  // Fails the test when it cannot be watched.
  WatchScope Watch(Token token, const std::string& path, std::int64_t owner_pid = 0);
  void Unwatch(Token token) { watch_.Unwatch(token); }
  ReleaseWatch* get() { return &watch_; }
  // The tokens of the next report; fails the test when there is none within 20 s.
  std::vector<Token> Next();
  // Whether nothing has been reported until now. What is still under way is waited for: a marker
  // that is watched and removed comes after it.
  bool IsQuiet(const std::string& marker);

 private:
  static void Notify(void* self);

  FileHandle told_;
  FileHandle tell_;
  ReleaseWatch watch_;  // ended first
};

}  // namespace gateway_lock::test
