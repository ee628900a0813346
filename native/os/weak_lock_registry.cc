#include "weak_lock_registry.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace gateway_lock {
namespace {

// Never destroyed, because a thread may still release a lock while the process exits.
std::mutex& mutex = *new std::mutex();
// The files of the weak locks, guarded by `mutex`. A file has several entries if this process holds
// several shared locks on it.
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
