// The locks of an environment. JavaScript knows each by an id, because a lock whose object is lost
// must stay held: objects would have to be kept alive, distinguished from other objects at each
// call, and finalized. That took a fifth of the time of an acquire and release. An id that is
// released or unknown behaves like a lock that is not held.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <unordered_map>

#include "file_lock.h"

namespace gateway_lock {

class HeldLocks {
 public:
  using Id = std::int64_t;

  // Returns a new id, which was never used before.
  Id Insert(FileLock lock);
  // Returns a lock that is not held if the id is unknown.
  FileLock& Find(Id id);
  void Erase(Id id) { held_.erase(id); }
  // Marks the lock as inherited by another program.
  void HandOver(Id id);
  // Called when the environment ends. Leaves a lock that was handed over to the program that has
  // inherited it.
  void ReleaseAll();

 private:
  struct Held {
    FileLock lock;
    bool handed_over = false;
  };

  std::unordered_map<Id, Held> held_;
  FileLock none_;
  Id last_ = 0;
};

// The result of an attempt, converted for JavaScript: the id of the lock; the content of the lock
// file as a string if the lock is held; or an exception.
struct AttemptResult {
  FileLock* lock;
  const std::string& path;
  const std::string& holder_record;
};
Napi::Value ToJsResult(Napi::Env env, const Status& status, const AttemptResult& result);

// Returns the content of a lock file for JavaScript: { text, size, hasOtherNames }.
Napi::Object ToJsContent(Napi::Env env, const std::string& text, std::uint64_t size,
                         bool has_other_names);

void ExportLocks(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
