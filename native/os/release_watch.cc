#include "release_watch.h"

#include <memory>
#include <mutex>
#include <unordered_set>

#include "release_events.h"
#include "thread.h"

namespace gateway_lock {

class ReleaseWatch::Watcher {
 public:
  Watcher(Notify notify, void* context) : notify_(notify), context_(context) {}
  ~Watcher();

  Status Watch(Token token, const std::string& path, std::int64_t owner_pid, Sight* sight);
  void Unwatch(Token token);
  std::vector<Token> TakeReported();

 private:
  Status Start();
  void AskToEnd();
  static void Run(void* self);
  void Report(const std::vector<Token>& tokens);

  const Notify notify_;
  void* const context_;
  std::unordered_set<Token> watched_;
  // The thread's from its start to its end.
  std::unique_ptr<ReleaseEvents> owned_;
  // What the owner's side calls; null when the thread is not there, or was asked to end.
  ReleaseEvents* events_ = nullptr;
  Thread thread_;
  std::mutex mutex_;
  bool asked_to_end_ = false;    // guarded by mutex_
  std::vector<Token> reported_;  // guarded by mutex_
};

ReleaseWatch::Watcher::~Watcher() {
  AskToEnd();
  thread_.Join();
}

Status ReleaseWatch::Watcher::Watch(Token token, const std::string& path, std::int64_t owner_pid,
                                    Sight* sight) {
  Status status = events_ == nullptr ? Start() : Status::Ok();
  if (!status.ok()) return status;
  // First of all, so that an Add() that fails ends the thread when it is the last.
  watched_.insert(token);
  status = events_->Add(token, path, owner_pid, sight);
  if (!status.ok()) Unwatch(token);
  return status;
}

void ReleaseWatch::Watcher::Unwatch(Token token) {
  if (watched_.erase(token) == 0) return;
  events_->Remove(token);
  if (watched_.empty()) AskToEnd();
}

std::vector<ReleaseWatch::Token> ReleaseWatch::Watcher::TakeReported() {
  std::vector<Token> taken;
  std::lock_guard<std::mutex> guard(mutex_);
  taken.swap(reported_);
  return taken;
}

Status ReleaseWatch::Watcher::Start() {
  thread_.Join();
  asked_to_end_ = false;
  Status status = ReleaseEvents::Open(&owned_);
  if (status.ok()) status = thread_.Start(Run, this);
  if (status.ok()) {
    events_ = owned_.get();
  } else {
    owned_.reset();
  }
  return status;
}

// Does not wait for it: whoever has just been given the lock has better things to do.
void ReleaseWatch::Watcher::AskToEnd() {
  if (events_ == nullptr) return;
  std::lock_guard<std::mutex> guard(mutex_);
  events_->Interrupt();
  events_ = nullptr;
  asked_to_end_ = true;
}

void ReleaseWatch::Watcher::Run(void* self) {
  auto* watcher = static_cast<Watcher*>(self);
  std::vector<Token> tokens;
  while (watcher->owned_->Wait(&tokens)) {
    watcher->Report(tokens);
    tokens.clear();
  }
  // Now and not when it is joined: its descriptors count against limits of the whole user. Not when
  // Wait() failed by itself, for then the owner's side goes on to use them.
  std::lock_guard<std::mutex> guard(watcher->mutex_);
  if (watcher->asked_to_end_) watcher->owned_.reset();
}

void ReleaseWatch::Watcher::Report(const std::vector<Token>& tokens) {
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
    : watcher_(std::make_unique<Watcher>(notify, context)) {}

ReleaseWatch::~ReleaseWatch() = default;

Status ReleaseWatch::Watch(Token token, const std::string& path, std::int64_t owner_pid,
                           Sight* sight) {
  return watcher_->Watch(token, path, owner_pid, sight);
}

void ReleaseWatch::Unwatch(Token token) { watcher_->Unwatch(token); }

std::vector<ReleaseWatch::Token> ReleaseWatch::TakeReported() { return watcher_->TakeReported(); }

}  // namespace gateway_lock
