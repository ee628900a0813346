#include "weak_lock_registry.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace gateway_lock {
namespace {

// Never destroyed: a thread may still release a lock at exit.
std::mutex& mutex = *new std::mutex();
// One entry per lock: a shared lock may be held more than once. Guarded by mutex.
std::vector<FileIdentity>& held = *new std::vector<FileIdentity>();

}  // namespace

void RegisterWeakLock(const FileIdentity& identity) {
  std::lock_guard<std::mutex> guard(mutex);
  held.push_back(identity);
}

void UnregisterWeakLock(const FileIdentity& identity) {
  std::lock_guard<std::mutex> guard(mutex);
  auto found = std::find(held.begin(), held.end(), identity);
  if (found != held.end()) held.erase(found);
}

bool HoldsWeakLock(const FileIdentity& identity) {
  std::lock_guard<std::mutex> guard(mutex);
  return std::find(held.begin(), held.end(), identity) != held.end();
}

}  // namespace gateway_lock
