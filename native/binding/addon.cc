#include <napi.h>

#include "contender_handle.h"
#include "environment.h"
#include "held_locks.h"
#include "listener_handle.h"
#include "program.h"
#include "questions.h"

namespace gateway_lock {
namespace {

// Runs when the environment ends: process exit, worker.terminate(). After a SIGKILL nobody needs
// it, the kernel has released everything.
void CloseAll(Environment* environment) {
  for (LiveHandle* handle : environment->live) handle->CloseNow();
  environment->locks.LetAllGo();
}

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  auto* environment = new Environment();
  env.SetInstanceData(environment);
  environment->contender_class = Napi::Persistent(ContenderHandle::DefineClass(env));
  environment->listener_class = Napi::Persistent(ListenerHandle::DefineClass(env));
  env.AddCleanupHook(CloseAll, environment);
  ExportLocks(env, exports);
  exports.Set("contend", Napi::Function::New<ContenderHandle::Contend>(env));
  exports.Set("listen", Napi::Function::New<ListenerHandle::Listen>(env));
  ExportQuestions(env, exports);
  ExportPrograms(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(gateway_lock, Initialize)

}  // namespace gateway_lock
