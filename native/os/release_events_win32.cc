#include "release_events.h"

#include <windows.h>

#include <mutex>
#include <unordered_map>
#include <utility>

#include "unique_handle.h"
#include "win32_file.h"

namespace gateway_lock {
namespace {

// WaitForMultipleObjects() accepts at most 64 handles. One handle interrupts the wait, and each
// token needs up to two handles.
constexpr std::size_t kMaxTokens = (MAXIMUM_WAIT_OBJECTS - 1) / 2;

// On release a holder empties and removes the file. A new holder creates or writes it.
constexpr DWORD kChanges =
    FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE;

// How often, in milliseconds, the files are checked without an event. Windows reports a changed
// size or time "only when the file is written to the disk", which happens "when the cache is
// sufficiently flushed" (MS Learn, FindFirstChangeNotification). So the release by a holder that
// empties its file and keeps running may be reported late.
constexpr DWORD kRecheckMs = 200;

void CloseNotification(NativeHandle handle) noexcept {
  FindCloseChangeNotification(reinterpret_cast<HANDLE>(handle));
}
using NotificationHandle = UniqueHandle<CloseNotification>;

FileHandle OpenProcessOf(std::int64_t pid) {
  if (pid <= 0 || pid > UINT32_MAX) return FileHandle();
  HANDLE process = OpenProcess(SYNCHRONIZE, /*bInheritHandle=*/FALSE, static_cast<DWORD>(pid));
  return process == nullptr ? FileHandle() : FileHandle(reinterpret_cast<NativeHandle>(process));
}

FileHandle NewEvent() {
  HANDLE event = CreateEventW(nullptr, /*bManualReset=*/FALSE, /*bInitialState=*/FALSE, nullptr);
  return event == nullptr ? FileHandle() : FileHandle(reinterpret_cast<NativeHandle>(event));
}

NotificationHandle WatchDirectoryOf(const std::string& path) {
  std::wstring directory = LongPath(path);
  directory.resize(directory.find_last_of(L'\\') + 1);
  HANDLE handle =
      FindFirstChangeNotificationW(directory.c_str(), /*bWatchSubtree=*/FALSE, kChanges);
  return NotificationHandle(reinterpret_cast<NativeHandle>(handle));
}

// The attributes of the lock file that change when a holder acquires or releases the lock. They are
// compared because the watch covers the whole directory, where other files change too.
struct FileSnapshot {
  bool exists = false;
  std::uint64_t size = 0;  // bytes
  std::uint64_t written = 0;

  bool operator==(const FileSnapshot& other) const {
    return exists == other.exists && size == other.size && written == other.written;
  }
};

std::uint64_t Join(DWORD high, DWORD low) { return (std::uint64_t{high} << 32) | low; }

// Reads the attributes. If that fails, for example because the file is being removed, the file is
// treated as existing, with size 0 and time 0.
FileSnapshot TakeSnapshot(const std::wstring& path) {
  FileSnapshot now;
  WIN32_FILE_ATTRIBUTE_DATA data = {};
  if (GetFileAttributesExW(path.c_str(), GetFileExInfoStandard, &data) != 0) {
    now.size = Join(data.nFileSizeHigh, data.nFileSizeLow);
    now.written = Join(data.ftLastWriteTime.dwHighDateTime, data.ftLastWriteTime.dwLowDateTime);
    now.exists = true;
  } else {
    DWORD error = GetLastError();
    now.exists = error != ERROR_FILE_NOT_FOUND && error != ERROR_PATH_NOT_FOUND;
  }
  return now;
}

class WindowsEvents : public ReleaseEvents {
 public:
  Status Start();
  Status Add(Token token, const std::string& path, std::int64_t owner_pid,
             WatchScope* scope) override;
  void Remove(Token token) override;
  void Interrupt() override;
  WaitResult Wait(int timeout_ms, std::vector<Token>* reported) override;

 private:
  // One token's watch. Shared with the thread, because a handle must not be closed while a wait
  // uses it.
  struct Watch {
    Token token = 0;
    std::wstring path;
    FileSnapshot snapshot;
    NotificationHandle directory;
    FileHandle owner;  // invalid if the owner is unknown
  };
  using SharedWatch = std::shared_ptr<Watch>;

  // The handles of one wait and the watches they belong to. The first handle interrupts the wait
  // and belongs to no watch.
  struct HandleSet {
    std::vector<HANDLE> handles;
    std::vector<SharedWatch> watches;
  };

  std::vector<SharedWatch> CopyWatches();
  HandleSet CollectHandles(const std::vector<SharedWatch>& all) const;
  static bool IsUnrelatedChange(HANDLE signalled, const Watch& watched);
  void Report(const SharedWatch& watched, std::vector<Token>* reported);
  void ReportChanged(const std::vector<SharedWatch>& all, std::vector<Token>* reported);

  FileHandle interrupt_;
  std::mutex mutex_;
  std::unordered_map<Token, SharedWatch> watches_;  // guarded by mutex_
};

Status WindowsEvents::Start() {
  interrupt_ = NewEvent();
  return interrupt_.valid() ? Status::Ok() : LastError("CreateEvent");
}

// Watches the directory of the file and the owner's process, because a change notification does not
// report the death of a process. If the owner is unknown (its record is just being written or
// cleared), the notification still reports the next release or record.
Status WindowsEvents::Add(Token token, const std::string& path, std::int64_t owner_pid,
                          WatchScope* scope) {
  Remove(token);
  auto next = std::make_shared<Watch>();
  next->token = token;
  next->path = LongPath(path);
  next->owner = OpenProcessOf(owner_pid);
  next->directory = WatchDirectoryOf(path);
  if (!next->directory.valid()) return LastError("FindFirstChangeNotification");
  // Reads the attributes after starting the watch, so that no later change is missed.
  next->snapshot = TakeSnapshot(next->path);
  if (!next->snapshot.exists) return Status::Replaced();
  // If the file is empty, a holder that keeps the file may already have released the lock, and its
  // process gives no further sign of that.
  bool sees_owner = next->owner.valid() && next->snapshot.size > 0;
  std::lock_guard<std::mutex> guard(mutex_);
  if (watches_.size() == kMaxTokens) {
    return Status::SystemError(ERROR_TOO_MANY_OPEN_FILES, "WaitForMultipleObjects");
  }
  watches_[token] = std::move(next);
  (void)SetEvent(Raw(interrupt_));
  *scope = sees_owner ? WatchScope::kOwner : WatchScope::kRelease;
  return Status::Ok();
}

void WindowsEvents::Remove(Token token) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (watches_.erase(token) > 0) (void)SetEvent(Raw(interrupt_));
}

void WindowsEvents::Interrupt() { (void)SetEvent(Raw(interrupt_)); }

std::vector<WindowsEvents::SharedWatch> WindowsEvents::CopyWatches() {
  std::lock_guard<std::mutex> guard(mutex_);
  std::vector<SharedWatch> all;
  for (const auto& [token, watched] : watches_) all.push_back(watched);
  return all;
}

WindowsEvents::HandleSet WindowsEvents::CollectHandles(const std::vector<SharedWatch>& all) const {
  HandleSet set = {{Raw(interrupt_)}, {nullptr}};
  auto add = [&](HANDLE handle, const SharedWatch& watch) {
    set.handles.push_back(handle);
    set.watches.push_back(watch);
  };
  for (const SharedWatch& watch : all) {
    if (watch->owner.valid()) add(Raw(watch->owner), watch);
    add(reinterpret_cast<HANDLE>(watch->directory.get()), watch);
  }
  return set;
}

ReleaseEvents::WaitResult WindowsEvents::Wait(int timeout_ms, std::vector<Token>* reported) {
  std::vector<SharedWatch> all = CopyWatches();
  HandleSet set = CollectHandles(all);
  DWORD timeout = timeout_ms == kForever ? INFINITE : static_cast<DWORD>(timeout_ms);
  bool rechecks = !all.empty() && kRecheckMs < timeout;
  DWORD first = WaitForMultipleObjects(static_cast<DWORD>(set.handles.size()), set.handles.data(),
                                       /*bWaitAll=*/FALSE, rechecks ? kRecheckMs : timeout);
  if (first == WAIT_TIMEOUT) {
    ReportChanged(all, reported);
    return rechecks ? WaitResult::kWoken : WaitResult::kTimeout;
  }
  std::size_t index = first - WAIT_OBJECT_0;
  if (index >= set.handles.size()) return WaitResult::kFailed;
  // Other handles signalled at the same time stay signalled until the next Wait().
  bool is_event = index > 0 && !IsUnrelatedChange(set.handles[index], *set.watches[index]);
  if (is_event) Report(set.watches[index], reported);
  return WaitResult::kWoken;
}

// Returns true if only other files in the directory have changed. Requests the next notification
// before reading the attributes, so that no change in between is missed.
bool WindowsEvents::IsUnrelatedChange(HANDLE signalled, const Watch& watched) {
  if (signalled != reinterpret_cast<HANDLE>(watched.directory.get())) return false;
  return FindNextChangeNotification(signalled) != 0 &&
         TakeSnapshot(watched.path) == watched.snapshot;
}

void WindowsEvents::ReportChanged(const std::vector<SharedWatch>& all,
                                  std::vector<Token>* reported) {
  for (const SharedWatch& watched : all) {
    if (!(TakeSnapshot(watched->path) == watched->snapshot)) Report(watched, reported);
  }
}

// Reports the token and removes its watch. Ignores a watch that was removed or replaced after its
// handle woke the thread.
void WindowsEvents::Report(const SharedWatch& watched, std::vector<Token>* reported) {
  std::lock_guard<std::mutex> guard(mutex_);
  auto found = watches_.find(watched->token);
  if (found == watches_.end() || found->second != watched) return;
  watches_.erase(found);
  reported->push_back(watched->token);
}

}  // namespace

Status ReleaseEvents::Open(std::unique_ptr<ReleaseEvents>* out) {
  auto events = std::make_unique<WindowsEvents>();
  Status status = events->Start();
  if (status.ok()) *out = std::move(events);
  return status;
}

}  // namespace gateway_lock
