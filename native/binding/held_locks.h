// The locks that an environment holds, each known to JavaScript by a number.
//
// Not by an object: a lock whose object is lost must stay held, so the object would have to be kept
// alive, told from other objects at each call, and finalised. That was a fifth of what it took to
// take a lock and let it go. A number of no lock (it is released, or was never one) reads as a lock
// that is not held.
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

  // Never an id that was given before.
  Id Insert(FileLock lock);
  // One that is not held, where there is none.
  FileLock& Find(Id id);
  void Erase(Id id) { held_.erase(id); }
  void HandOver(Id id);
  // When the environment ends. A lock that was handed over is left to the program that has it.
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

// What a try came to, for JavaScript: the number, or as a string what the file says of the one who
// holds the lock, or an exception.
struct AttemptResult {
  FileLock* lock;
  const std::string& path;
  const std::string& holder_record;
};
Napi::Value ToJsResult(Napi::Env env, const Status& status, const AttemptResult& result);

// What a lock file holds, for JavaScript: { text, size, hasOtherNames }.
Napi::Object ToJsContent(Napi::Env env, const std::string& text, std::uint64_t size,
                         bool has_other_names);

void ExportLocks(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
