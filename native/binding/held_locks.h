// The locks of one JavaScript environment. JavaScript code refers to each lock by an id instead of
// an object, because a lock must stay held even if JavaScript loses its reference to it. Each lock
// object would have to be kept alive, type-checked at each call and finalized, which took a fifth
// of the time of an acquire and release. A call with the id of a released or unknown lock behaves
// as if the lock were not held.
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

  // Stores the lock and returns its id. Ids are never reused.
  Id Insert(FileLock lock);
  // Returns the lock with this id, or a lock that is not held if the id is unknown.
  FileLock& Find(Id id);
  void Erase(Id id) { held_.erase(id); }
  // Marks the lock as inherited by another program.
  void HandOver(Id id);
  // Releases all locks, when the environment ends. A lock that was handed over stays held by the
  // program that inherited it.
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

// The outcome of an attempt to acquire a lock, apart from its status.
struct AttemptResult {
  FileLock* lock;
  const std::string& path;
  const std::string& holder_record;
};
// Converts the outcome of an attempt to a JavaScript value: the id of the lock if it was acquired,
// or the content of the lock file as a string if another holder has it. Throws a JavaScript error
// for any other status.
Napi::Value ToJsResult(Napi::Env env, const Status& status, const AttemptResult& result);

// Returns the content of a lock file as a JavaScript object { text, size, hasOtherNames }.
Napi::Object ToJsContent(Napi::Env env, const std::string& text, std::uint64_t size,
                         bool has_other_names);

void ExportLocks(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
