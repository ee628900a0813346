#include "own_weak_locks.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace gateway_lock {
namespace {

std::mutex mutex;

// One entry for each lock: a shared one may be held more than once. Never destroyed: a thread may
// still release at exit.
std::vector<FileIdentity>& Held() {
  static auto* held = new std::vector<FileIdentity>();
  return *held;
}

}  // namespace

void AddOwnWeakLock(const FileIdentity& identity) {
  std::lock_guard<std::mutex> guard(mutex);
  Held().push_back(identity);
}

void RemoveOwnWeakLock(const FileIdentity& identity) {
  std::lock_guard<std::mutex> guard(mutex);
  auto found = std::find(Held().begin(), Held().end(), identity);
  if (found != Held().end()) Held().erase(found);
}

bool IsOwnWeakLock(const FileIdentity& identity) {
  std::lock_guard<std::mutex> guard(mutex);
  return std::find(Held().begin(), Held().end(), identity) != Held().end();
}

}  // namespace gateway_lock
