#include "release_events.h"

#include <windows.h>

#include <mutex>
#include <unordered_map>
#include <utility>

#include "unique_handle.h"
#include "win32_file.h"

namespace gateway_lock {
namespace {

// WaitForMultipleObjects() takes 64 handles: one to be interrupted by, at most two for each
// token.
constexpr std::size_t kMaxTokens = (MAXIMUM_WAIT_OBJECTS - 1) / 2;

// A holder that lets go empties the file and removes it; a new one writes to it or makes it.
constexpr DWORD kChanges =
    FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE;

// A directory tells of a size or a time "only when the file is written to the disk", and that "when
// the cache is sufficiently flushed" (MS Learn, FindFirstChangeNotification). A holder that empties
// its file and lives on may so be told of late: the files are looked at again after this time.
constexpr DWORD kRecheckMs = 200;

void CloseNotification(NativeHandle handle) noexcept {
  FindCloseChangeNotification(reinterpret_cast<HANDLE>(handle));
}
using NotificationHandle = UniqueHandle<CloseNotification>;

FileHandle OpenProcessOf(std::int64_t pid) {
  if (pid <= 0 || pid > UINT32_MAX) return FileHandle();
  HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, static_cast<DWORD>(pid));
  return process == nullptr ? FileHandle() : FileHandle(reinterpret_cast<NativeHandle>(process));
}

FileHandle NewEvent() {
  HANDLE event = CreateEventW(nullptr, /*bManualReset=*/FALSE, FALSE, nullptr);
  return event == nullptr ? FileHandle() : FileHandle(reinterpret_cast<NativeHandle>(event));
}

NotificationHandle WatchDirectoryOf(const std::string& path) {
  std::wstring directory = LongPath(path);
  directory.resize(directory.find_last_of(L'\\') + 1);
  HANDLE handle = FindFirstChangeNotificationW(directory.c_str(), FALSE, kChanges);
  return NotificationHandle(reinterpret_cast<NativeHandle>(handle));
}

// What a holder that lets go, or a new one, changes. The watch is of the whole directory, and
// others write there, too.
struct FileSnapshot {
  bool exists = false;
  std::uint64_t size = 0;  // bytes
  std::uint64_t written = 0;

  bool operator==(const FileSnapshot& other) const {
    return exists == other.exists && size == other.size && written == other.written;
  }
};

std::uint64_t Join(DWORD high, DWORD low) { return (std::uint64_t{high} << 32) | low; }

// One that may not be looked at, because it is just being removed, exists without size or time.
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
  // SharedWatch with the thread, because a handle must not be closed while it is waited for.
  struct Watch {
    Token token = 0;
    std::wstring path;
    FileSnapshot then;
    NotificationHandle directory;
    FileHandle owner;  // not valid when he is not known
  };
  using SharedWatch = std::shared_ptr<Watch>;

  std::vector<SharedWatch> CopyWatches();
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

// A directory does not tell of a death. Without an owner (a record that is just being emptied or
// written names nobody) it still tells of a release, and of the record.
Status WindowsEvents::Add(Token token, const std::string& path, std::int64_t owner_pid,
                          WatchScope* scope) {
  Remove(token);
  auto next = std::make_shared<Watch>();
  next->token = token;
  next->path = LongPath(path);
  next->owner = OpenProcessOf(owner_pid);
  next->directory = WatchDirectoryOf(path);
  if (!next->directory.valid()) return LastError("FindFirstChangeNotification");
  // After the watch is there: what changes from now on is reported.
  next->then = TakeSnapshot(next->path);
  if (!next->then.exists) return Status::Replaced();
  // Emptied already, and perhaps not removed: then there is nothing more to be seen of the release.
  bool sees_owner = next->owner.valid() && next->then.size > 0;
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

ReleaseEvents::WaitResult WindowsEvents::Wait(int timeout_ms, std::vector<Token>* reported) {
  std::vector<SharedWatch> all = CopyWatches();
  std::vector<HANDLE> handles = {Raw(interrupt_)};
  std::vector<SharedWatch> whose = {nullptr};
  auto await = [&](HANDLE handle, const SharedWatch& watched) {
    handles.push_back(handle);
    whose.push_back(watched);
  };
  for (const SharedWatch& watched : all) {
    if (watched->owner.valid()) await(Raw(watched->owner), watched);
    await(reinterpret_cast<HANDLE>(watched->directory.get()), watched);
  }
  DWORD patience = timeout_ms == kForever ? INFINITE : static_cast<DWORD>(timeout_ms);
  bool rechecks = !all.empty() && kRecheckMs < patience;
  DWORD first = WaitForMultipleObjects(static_cast<DWORD>(handles.size()), &handles[0],
                                       /*bWaitAll=*/FALSE, rechecks ? kRecheckMs : patience);
  if (first == WAIT_TIMEOUT) {
    ReportChanged(all, reported);
    return rechecks ? WaitResult::kWoken : WaitResult::kTimeout;
  }
  std::size_t index = first - WAIT_OBJECT_0;
  if (index > 0 && index < handles.size() && !IsUnrelatedChange(handles[index], *whose[index])) {
    Report(whose[index], reported);
  }
  // What else there is, the next wait finds: it stays signalled.
  return index < handles.size() ? WaitResult::kWoken : WaitResult::kFailed;
}

// Asked to tell of the next change first, and looked at then, so that none is missed in between.
bool WindowsEvents::IsUnrelatedChange(HANDLE signalled, const Watch& watched) {
  if (signalled != reinterpret_cast<HANDLE>(watched.directory.get())) return false;
  return FindNextChangeNotification(signalled) != 0 && TakeSnapshot(watched.path) == watched.then;
}

void WindowsEvents::ReportChanged(const std::vector<SharedWatch>& all,
                                  std::vector<Token>* reported) {
  for (const SharedWatch& watched : all) {
    if (!(TakeSnapshot(watched->path) == watched->then)) Report(watched, reported);
  }
}

// Not when it was removed or replaced while its handle woke us.
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
