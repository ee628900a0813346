// A ReleaseWatch whose reports a test can wait for.
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

  // Fails the test if the file cannot be watched.
  WatchScope Watch(Token token, const std::string& path, std::int64_t owner_pid = 0);
  void Unwatch(Token token) { watch_.Unwatch(token); }
  ReleaseWatch* get() { return &watch_; }
  // Returns the tokens of the next report. Fails the test after 20 s without one.
  std::vector<Token> AwaitReport();
  // Returns true if nothing has been reported so far. To find out, watches and removes a file at
  // `sentinel`, whose removal is reported after all earlier events.
  bool HasNoReport(const std::string& sentinel);

 private:
  static void Notify(void* self);

  FileHandle read_end_;
  FileHandle write_end_;
  ReleaseWatch watch_;  // declared last, to be destroyed first: it may still call Notify()
};

}  // namespace gateway_lock::test
