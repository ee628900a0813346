#include "watching.h"

#include <poll.h>
#include <unistd.h>

#include "directory.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

constexpr int kPatienceMs = 20'000;
constexpr Watcher::Token kMarker = 4'000'000'000;

}  // namespace

Watcher::Watcher() : watch_(Notify, this) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  told_ = FileHandle(ends[0]);
  tell_ = FileHandle(ends[1]);
}

void Watcher::Notify(void* self) {
  CHECK(write(static_cast<int>(static_cast<Watcher*>(self)->tell_.get()), "x", 1) == 1);
}

WatchScope Watcher::Watch(Token token, const std::string& path, std::int64_t owner_pid) {
  WatchScope scope = WatchScope::kFile;
  CHECK(watch_.Watch(token, path, owner_pid, &scope).ok());
  return scope;
}

std::vector<Watcher::Token> Watcher::Next() {
  pollfd told = {static_cast<int>(told_.get()), POLLIN, 0};
  CHECK(poll(&told, 1, kPatienceMs) == 1);
  char byte = 0;
  CHECK(read(told.fd, &byte, 1) == 1);
  return watch_.TakeEvents();
}

bool Watcher::IsQuiet(const std::string& marker) {
  WriteFile(marker, "");
  Watch(kMarker, marker);
  CHECK(unlink(marker.c_str()) == 0);
  bool quiet = Next() == std::vector<Token>{kMarker};
  Unwatch(kMarker);
  return quiet;
}

}  // namespace gateway_lock::test
