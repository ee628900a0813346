#include "thread.h"

#include <pthread.h>
#include <signal.h>

namespace gateway_lock {

struct ThreadEntry {
  static void* Run(void* thread) {
    auto* self = static_cast<Thread*>(thread);
    self->body_(self->context_);
    return nullptr;
  }
};

Status Thread::Start(Body body, void* context) {
  body_ = body;
  context_ = context;
  pthread_t thread = {};
  // Blocks all signals before pthread_create(), because the new thread inherits the signal mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int code = pthread_create(&thread, nullptr, ThreadEntry::Run, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  joinable_ = code == 0;
  // pthread_t is a number on Linux and a pointer on macOS.
  id_ = (std::uintptr_t)thread;
  return joinable_ ? Status::Ok() : Status::SystemError(code, "pthread_create");
}

void Thread::Join() {
  if (joinable_) pthread_join((pthread_t)id_, nullptr);
  joinable_ = false;
}

}  // namespace gateway_lock
