// The sockets of one JavaScript environment that receive the states of services. JavaScript code
// refers to each by an id, for the reason given in held_locks.h. A call with the id of a closed or
// unknown socket behaves as if no state had arrived.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "service_notification.h"

namespace gateway_lock {

class NotifySockets {
 public:
  using Id = std::int64_t;

  // Stores the socket and returns its id. Ids are never reused.
  Id Insert(std::unique_ptr<NotifySocket> socket);
  // Returns the socket with this id, or nullptr if the id is unknown.
  NotifySocket* Find(Id id);
  void Close(Id id) { open_.erase(id); }
  // Closes all sockets. Called when the environment ends.
  void CloseAll() { open_.clear(); }

 private:
  std::unordered_map<Id, std::unique_ptr<NotifySocket>> open_;
  Id last_ = 0;
};

// Exports notify() and the functions of the sockets.
void ExportNotifySockets(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
