#include "release_watch.h"

#include <memory>
#include <mutex>
#include <unordered_set>
#include <utility>

#include "release_events.h"
#include "thread.h"

namespace gateway_lock {
namespace {

// How long the thread keeps running after the last watch has ended, in milliseconds, so that a
// caller who soon starts another watch does not have to wait for the old thread to end. Ending the
// thread is slow, because closing an inotify instance that has watched a file takes 6 to 13 ms
// (seen on Linux 6.18; the kernel waits until nothing reads the instance's marks).
constexpr int kLingerMs = 100;

}  // namespace

class ReleaseWatch::Watcher {
 public:
  Watcher(Notify notify, void* context) : notify_(notify), context_(context) {}
  ~Watcher();

  Status Watch(Token token, const std::string& path, std::int64_t owner_pid, WatchScope* scope);
  void Unwatch(Token token);
  std::vector<Token> TakeEvents();

 private:
  enum class State { kRunning, kIdle, kStopping };

  Status EnsureRunning();
  Status Start();
  void SetState(State wanted);
  static void Run(void* self);
  int TimeoutMs();
  bool ShouldStop(ReleaseEvents::WaitResult waited);
  void Report(const std::vector<Token>& tokens);

  const Notify notify_;
  void* const context_;
  std::unordered_set<Token> watched_;
  Thread thread_;
  std::mutex mutex_;
  // mutex_ guards events_ and all members below. The thread destroys events_ when it ends.
  std::unique_ptr<ReleaseEvents> events_;
  State state_ = State::kIdle;
  bool failed_ = false;  // Wait() failed: the thread has ended, but events_ still exists
  std::vector<Token> reported_;
};

ReleaseWatch::Watcher::~Watcher() {
  SetState(State::kStopping);
  thread_.Join();
}

Status ReleaseWatch::Watcher::Watch(Token token, const std::string& path, std::int64_t owner_pid,
                                    WatchScope* scope) {
  Status status = EnsureRunning();
  if (!status.ok()) return status;
  // Inserts the token before Add(), so that if Add() fails and this was the only token, Unwatch()
  // lets the thread end.
  watched_.insert(token);
  status = events_->Add(token, path, owner_pid, scope);
  if (!status.ok()) Unwatch(token);
  return status;
}

void ReleaseWatch::Watcher::Unwatch(Token token) {
  if (watched_.erase(token) == 0) return;
  events_->Remove(token);
  if (watched_.empty()) SetState(State::kIdle);
}

std::vector<ReleaseWatch::Token> ReleaseWatch::Watcher::TakeEvents() {
  std::vector<Token> taken;
  std::lock_guard<std::mutex> guard(mutex_);
  taken.swap(reported_);
  return taken;
}

// Starts the thread if it is not running. On success events_ exists until the state changes.
Status ReleaseWatch::Watcher::EnsureRunning() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    state_ = State::kRunning;
    if (events_ != nullptr) return Status::Ok();
  }
  thread_.Join();
  return Start();
}

Status ReleaseWatch::Watcher::Start() {
  Status status = ReleaseEvents::Open(&events_);
  if (status.ok()) status = thread_.Start(Run, this);
  if (!status.ok()) events_.reset();
  return status;
}

void ReleaseWatch::Watcher::SetState(State wanted) {
  std::lock_guard<std::mutex> guard(mutex_);
  state_ = wanted;
  if (std::exchange(failed_, false)) events_.reset();
  if (events_ != nullptr) events_->Interrupt();
}

void ReleaseWatch::Watcher::Run(void* self) {
  auto* watcher = static_cast<Watcher*>(self);
  ReleaseEvents* events = watcher->events_.get();
  std::vector<Token> tokens;
  // Allocates before the wait: for the first allocation of a thread, glibc creates an arena, which
  // would delay the first report by 0.1 ms.
  tokens.reserve(1);
  ReleaseEvents::WaitResult waited = ReleaseEvents::WaitResult::kWoken;
  do {
    waited = events->Wait(watcher->TimeoutMs(), &tokens);
    watcher->Report(tokens);
    tokens.clear();
  } while (!watcher->ShouldStop(waited));
}

int ReleaseWatch::Watcher::TimeoutMs() {
  std::lock_guard<std::mutex> guard(mutex_);
  return state_ == State::kRunning ? ReleaseEvents::kForever : kLingerMs;
}

// Returns true if the thread has to end. Then closes the descriptors now instead of in Join(),
// because open descriptors count against the user's limits. After a failed Wait() they stay open,
// because the owner's thread still uses them.
bool ReleaseWatch::Watcher::ShouldStop(ReleaseEvents::WaitResult waited) {
  std::lock_guard<std::mutex> guard(mutex_);
  bool done = state_ == State::kStopping ||
              (state_ == State::kIdle && waited == ReleaseEvents::WaitResult::kTimeout);
  if (done) events_.reset();
  failed_ = !done && waited == ReleaseEvents::WaitResult::kFailed;
  return done || failed_;
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
                           WatchScope* scope) {
  return watcher_->Watch(token, path, owner_pid, scope);
}

void ReleaseWatch::Unwatch(Token token) { watcher_->Unwatch(token); }

std::vector<ReleaseWatch::Token> ReleaseWatch::TakeEvents() { return watcher_->TakeEvents(); }

}  // namespace gateway_lock
