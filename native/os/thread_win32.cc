#include "thread.h"

#include <windows.h>

namespace gateway_lock {

struct ThreadEntry {
  static DWORD WINAPI Run(void* thread) {
    auto* self = static_cast<Thread*>(thread);
    self->body_(self->context_);
    return 0;
  }
};

Status Thread::Start(Body body, void* context) {
  body_ = body;
  context_ = context;
  HANDLE thread = CreateThread(nullptr, 0, ThreadEntry::Run, this, 0, nullptr);
  joinable_ = thread != nullptr;
  id_ = reinterpret_cast<std::uintptr_t>(thread);
  return joinable_ ? Status::Ok()
                   : Status::SystemError(static_cast<int>(GetLastError()), "CreateThread");
}

void Thread::Join() {
  if (!joinable_) return;
  auto* thread = reinterpret_cast<HANDLE>(id_);
  (void)WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
  joinable_ = false;
}

}  // namespace gateway_lock
