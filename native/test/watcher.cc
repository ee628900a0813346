#include "watcher.h"

#include <poll.h>
#include <unistd.h>

#include "directory.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

constexpr int kTimeoutMs = 20'000;
constexpr Watcher::Token kSentinel = 4'000'000'000;

}  // namespace

Watcher::Watcher() : watch_(Notify, this) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  read_end_ = FileHandle(ends[0]);
  write_end_ = FileHandle(ends[1]);
}

void Watcher::Notify(void* self) {
  CHECK(write(static_cast<int>(static_cast<Watcher*>(self)->write_end_.get()), "x", 1) == 1);
}

WatchScope Watcher::Watch(Token token, const std::string& path, std::int64_t owner_pid) {
  WatchScope scope = WatchScope::kFile;
  CHECK(watch_.Watch(token, path, owner_pid, &scope).ok());
  return scope;
}

std::vector<Watcher::Token> Watcher::AwaitReport() {
  pollfd report = {static_cast<int>(read_end_.get()), POLLIN, 0};
  CHECK(poll(&report, 1, kTimeoutMs) == 1);
  char byte = 0;
  CHECK(read(report.fd, &byte, 1) == 1);
  return watch_.TakeEvents();
}

bool Watcher::HasNoReport(const std::string& sentinel) {
  WriteFile(sentinel, "");
  Watch(kSentinel, sentinel);
  CHECK(unlink(sentinel.c_str()) == 0);
  bool only_sentinel = AwaitReport() == std::vector<Token>{kSentinel};
  Unwatch(kSentinel);
  return only_sentinel;
}

}  // namespace gateway_lock::test
