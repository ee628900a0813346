#include <napi.h>

#include "channel.h"
#include "environment.h"
#include "held_listeners.h"
#include "held_locks.h"
#include "notify_sockets.h"
#include "probes.h"
#include "process.h"
#include "waiters.h"

namespace gateway_lock {
namespace {

// Closes all waiters and sockets and releases all locks when the environment ends (process exit
// or worker.terminate()). After a SIGKILL the kernel does this instead.
void CloseAll(Environment* environment) {
  environment->waiters.CloseAll(&environment->wake_dispatcher);
  environment->listeners.CloseAll();
  environment->notify_sockets.CloseAll();
  environment->locks.ReleaseAll();
}

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  auto* environment = new Environment();
  env.SetInstanceData(environment);
  env.AddCleanupHook(CloseAll, environment);
  ExportLocks(env, exports);
  ExportListeners(env, exports);
  ExportWaiters(env, exports);
  ExportProbes(env, exports);
  ExportProcess(env, exports);
  ExportChannel(env, exports);
  ExportNotifySockets(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(gateway_lock, Initialize)

}  // namespace gateway_lock
