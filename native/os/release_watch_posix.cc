#include "release_watch.h"

#include <pthread.h>
#include <signal.h>

#include <memory>
#include <mutex>
#include <unordered_set>

#include "release_events.h"

namespace gateway_lock {

class ReleaseWatch::Thread {
 public:
  Thread(Notify notify, void* context) : notify_(notify), context_(context) {}
  ~Thread();

  Status Watch(Token token, const std::string& path, std::int64_t owner_pid, Sight* sight);
  void Unwatch(Token token);
  std::vector<Token> TakeReported();

 private:
  Status Start();
  void AskToEnd();
  void Join();
  static void* Run(void* self);
  void Report(const std::vector<Token>& tokens);

  const Notify notify_;
  void* const context_;
  std::unordered_set<Token> watched_;
  // The thread's from its start to its end.
  std::unique_ptr<ReleaseEvents> owned_;
  // What the owner's side calls; null when the thread is not there, or was asked to end.
  ReleaseEvents* events_ = nullptr;
  pthread_t thread_ = {};
  bool joinable_ = false;
  std::mutex mutex_;
  std::vector<Token> reported_;  // guarded by mutex_
};

ReleaseWatch::Thread::~Thread() {
  AskToEnd();
  Join();
}

Status ReleaseWatch::Thread::Watch(Token token, const std::string& path, std::int64_t owner_pid,
                                   Sight* sight) {
  Status status = events_ == nullptr ? Start() : Status::Ok();
  if (!status.ok()) return status;
  // First of all, so that an Add() that fails ends the thread when it is the last.
  watched_.insert(token);
  status = events_->Add(token, path, owner_pid, sight);
  if (!status.ok()) Unwatch(token);
  return status;
}

void ReleaseWatch::Thread::Unwatch(Token token) {
  if (watched_.erase(token) == 0) return;
  events_->Remove(token);
  if (watched_.empty()) AskToEnd();
}

std::vector<ReleaseWatch::Token> ReleaseWatch::Thread::TakeReported() {
  std::vector<Token> taken;
  std::lock_guard<std::mutex> guard(mutex_);
  taken.swap(reported_);
  return taken;
}

Status ReleaseWatch::Thread::Start() {
  Join();
  Status opened = ReleaseEvents::Open(&owned_);
  if (!opened.ok()) return opened;
  // It inherits the mask: the handlers of the program must not find themselves on this thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int code = pthread_create(&thread_, nullptr, Run, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  joinable_ = code == 0;
  if (code != 0) {
    owned_.reset();
    return Status::SystemError(code, "pthread_create");
  }
  events_ = owned_.get();
  return Status::Ok();
}

// Does not wait for it: whoever has just been given the lock has better things to do.
void ReleaseWatch::Thread::AskToEnd() {
  if (events_ != nullptr) events_->Interrupt();
  events_ = nullptr;
}

void ReleaseWatch::Thread::Join() {
  if (joinable_) pthread_join(thread_, nullptr);
  joinable_ = false;
}

void* ReleaseWatch::Thread::Run(void* self) {
  auto* thread = static_cast<Thread*>(self);
  std::vector<Token> tokens;
  while (thread->owned_->Wait(&tokens)) {
    thread->Report(tokens);
    tokens.clear();
  }
  // Now and not when it is joined: its descriptors count against limits of the whole user.
  thread->owned_.reset();
  return nullptr;
}

void ReleaseWatch::Thread::Report(const std::vector<Token>& tokens) {
  if (tokens.empty()) return;
  bool first = false;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    first = reported_.empty();
    reported_.insert(reported_.end(), tokens.begin(), tokens.end());
  }
  if (first) notify_(context_);
}

ReleaseWatch::ReleaseWatch(Notify notify, void* context)
    : thread_(std::make_unique<Thread>(notify, context)) {}

ReleaseWatch::~ReleaseWatch() = default;

Status ReleaseWatch::Watch(Token token, const std::string& path, std::int64_t owner_pid,
                           Sight* sight) {
  return thread_->Watch(token, path, owner_pid, sight);
}

void ReleaseWatch::Unwatch(Token token) { thread_->Unwatch(token); }

std::vector<ReleaseWatch::Token> ReleaseWatch::TakeReported() { return thread_->TakeReported(); }

}  // namespace gateway_lock
