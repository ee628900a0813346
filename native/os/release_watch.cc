#include "release_watch.h"

#include <memory>
#include <mutex>
#include <unordered_set>
#include <utility>

#include "release_events.h"
#include "thread.h"

namespace gateway_lock {
namespace {

// Milliseconds that the thread stays when nobody waits any more. Who waits again and again would
// else wait each time for its end: closing an inotify that has watched something takes 6 to 13 ms
// (seen on Linux 6.18; the kernel first waits until nobody looks at its marks).
constexpr int kLingerMs = 100;

}  // namespace

class ReleaseWatch::Watcher {
 public:
  Watcher(Notify notify, void* context) : notify_(notify), context_(context) {}
  ~Watcher();

  Status Watch(Token token, const std::string& path, std::int64_t owner_pid, Sight* sight);
  void Unwatch(Token token);
  std::vector<Token> TakeReported();

 private:
  enum class Wanted { kYes, kNotNow, kNoMore };

  Status Begin();
  Status Start();
  void Want(Wanted wanted);
  static void Run(void* self);
  int PatienceMs();
  bool Ends(ReleaseEvents::Waited waited);
  void Report(const std::vector<Token>& tokens);

  const Notify notify_;
  void* const context_;
  std::unordered_set<Token> watched_;
  Thread thread_;
  std::mutex mutex_;
  // Guarded by mutex_, all of them. The thread destroys the events at its end, and asks before.
  std::unique_ptr<ReleaseEvents> events_;
  Wanted wanted_ = Wanted::kNotNow;
  bool deaf_ = false;  // Wait() has failed, and the thread has ended before the events
  std::vector<Token> reported_;
};

ReleaseWatch::Watcher::~Watcher() {
  Want(Wanted::kNoMore);
  thread_.Join();
}

Status ReleaseWatch::Watcher::Watch(Token token, const std::string& path, std::int64_t owner_pid,
                                    Sight* sight) {
  Status status = Begin();
  if (!status.ok()) return status;
  // First of all, so that an Add() that fails lets the thread end when it is the last.
  watched_.insert(token);
  status = events_->Add(token, path, owner_pid, sight);
  if (!status.ok()) Unwatch(token);
  return status;
}

void ReleaseWatch::Watcher::Unwatch(Token token) {
  if (watched_.erase(token) == 0) return;
  events_->Remove(token);
  if (watched_.empty()) Want(Wanted::kNotNow);
}

std::vector<ReleaseWatch::Token> ReleaseWatch::Watcher::TakeReported() {
  std::vector<Token> taken;
  std::lock_guard<std::mutex> guard(mutex_);
  taken.swap(reported_);
  return taken;
}

// From here on the events are there until Want() says otherwise.
Status ReleaseWatch::Watcher::Begin() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    wanted_ = Wanted::kYes;
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

void ReleaseWatch::Watcher::Want(Wanted wanted) {
  std::lock_guard<std::mutex> guard(mutex_);
  wanted_ = wanted;
  if (std::exchange(deaf_, false)) events_.reset();
  if (events_ != nullptr) events_->Interrupt();
}

void ReleaseWatch::Watcher::Run(void* self) {
  auto* watcher = static_cast<Watcher*>(self);
  ReleaseEvents* events = watcher->events_.get();
  std::vector<Token> tokens;
  ReleaseEvents::Waited waited = ReleaseEvents::Waited::kWoken;
  do {
    waited = events->Wait(watcher->PatienceMs(), &tokens);
    watcher->Report(tokens);
    tokens.clear();
  } while (!watcher->Ends(waited));
}

int ReleaseWatch::Watcher::PatienceMs() {
  std::lock_guard<std::mutex> guard(mutex_);
  return wanted_ == Wanted::kYes ? ReleaseEvents::kForever : kLingerMs;
}

// Closes its descriptors now and not when it is joined: they count against limits of the whole
// user. Not while the owner's side goes on to use them.
bool ReleaseWatch::Watcher::Ends(ReleaseEvents::Waited waited) {
  std::lock_guard<std::mutex> guard(mutex_);
  bool over = wanted_ == Wanted::kNoMore ||
              (wanted_ == Wanted::kNotNow && waited == ReleaseEvents::Waited::kInVain);
  if (over) events_.reset();
  deaf_ = !over && waited == ReleaseEvents::Waited::kFailed;
  return over || deaf_;
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
