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
constexpr std::size_t kMostTokens = (MAXIMUM_WAIT_OBJECTS - 1) / 2;

// A holder that lets go empties the file and removes it; a new one writes to it or makes it.
constexpr DWORD kChanges =
    FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE;

// A directory tells of a size or a time "only when the file is written to the disk", and that "when
// the cache is sufficiently flushed" (MS Learn, FindFirstChangeNotification). A holder that empties
// its file and lives on may so be told of late: the files are looked at again after this time.
constexpr DWORD kLookAgainMs = 200;

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
struct Appearance {
  bool exists = false;
  std::uint64_t size = 0;  // bytes
  std::uint64_t written = 0;

  bool operator==(const Appearance& other) const {
    return exists == other.exists && size == other.size && written == other.written;
  }
};

std::uint64_t Join(DWORD high, DWORD low) { return (std::uint64_t{high} << 32) | low; }

// One that may not be looked at, because it is just being removed, exists without size or time.
Appearance LookAt(const std::wstring& path) {
  Appearance now;
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
  // Shared with the thread, because a handle must not be closed while it is waited for.
  struct Watched {
    Token token = 0;
    std::wstring path;
    Appearance then;
    NotificationHandle directory;
    FileHandle owner;  // not valid when he is not known
  };
  using Shared = std::shared_ptr<Watched>;

  std::vector<Shared> Everything();
  static bool IsNoise(HANDLE signalled, const Watched& watched);
  void Report(const Shared& watched, std::vector<Token>* reported);
  void ReportChanged(const std::vector<Shared>& all, std::vector<Token>* reported);

  FileHandle interrupt_;
  std::mutex mutex_;
  std::unordered_map<Token, Shared> watched_;  // guarded by mutex_
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
  auto next = std::make_shared<Watched>();
  next->token = token;
  next->path = LongPath(path);
  next->owner = OpenProcessOf(owner_pid);
  next->directory = WatchDirectoryOf(path);
  if (!next->directory.valid()) return LastError("FindFirstChangeNotification");
  // After the watch is there: what changes from now on is reported.
  next->then = LookAt(next->path);
  if (!next->then.exists) return Status::Replaced();
  // Emptied already, and perhaps not removed: then there is nothing more to be seen of the release.
  bool sees_owner = next->owner.valid() && next->then.size > 0;
  std::lock_guard<std::mutex> guard(mutex_);
  if (watched_.size() == kMostTokens) {
    return Status::SystemError(ERROR_TOO_MANY_OPEN_FILES, "WaitForMultipleObjects");
  }
  watched_[token] = std::move(next);
  (void)SetEvent(Raw(interrupt_));
  *scope = sees_owner ? WatchScope::kOwner : WatchScope::kRelease;
  return Status::Ok();
}

void WindowsEvents::Remove(Token token) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (watched_.erase(token) > 0) (void)SetEvent(Raw(interrupt_));
}

void WindowsEvents::Interrupt() { (void)SetEvent(Raw(interrupt_)); }

std::vector<WindowsEvents::Shared> WindowsEvents::Everything() {
  std::lock_guard<std::mutex> guard(mutex_);
  std::vector<Shared> all;
  for (const auto& [token, watched] : watched_) all.push_back(watched);
  return all;
}

ReleaseEvents::WaitResult WindowsEvents::Wait(int timeout_ms, std::vector<Token>* reported) {
  std::vector<Shared> all = Everything();
  std::vector<HANDLE> handles = {Raw(interrupt_)};
  std::vector<Shared> whose = {nullptr};
  auto await = [&](HANDLE handle, const Shared& watched) {
    handles.push_back(handle);
    whose.push_back(watched);
  };
  for (const Shared& watched : all) {
    if (watched->owner.valid()) await(Raw(watched->owner), watched);
    await(reinterpret_cast<HANDLE>(watched->directory.get()), watched);
  }
  DWORD patience = timeout_ms == kForever ? INFINITE : static_cast<DWORD>(timeout_ms);
  bool looks_again = !all.empty() && kLookAgainMs < patience;
  DWORD first = WaitForMultipleObjects(static_cast<DWORD>(handles.size()), &handles[0],
                                       /*bWaitAll=*/FALSE, looks_again ? kLookAgainMs : patience);
  if (first == WAIT_TIMEOUT) {
    ReportChanged(all, reported);
    return looks_again ? WaitResult::kWoken : WaitResult::kTimeout;
  }
  std::size_t index = first - WAIT_OBJECT_0;
  if (index > 0 && index < handles.size() && !IsNoise(handles[index], *whose[index])) {
    Report(whose[index], reported);
  }
  // What else there is, the next wait finds: it stays signalled.
  return index < handles.size() ? WaitResult::kWoken : WaitResult::kFailed;
}

// Asked to tell of the next change first, and looked at then, so that none is missed in between.
bool WindowsEvents::IsNoise(HANDLE signalled, const Watched& watched) {
  if (signalled != reinterpret_cast<HANDLE>(watched.directory.get())) return false;
  return FindNextChangeNotification(signalled) != 0 && LookAt(watched.path) == watched.then;
}

void WindowsEvents::ReportChanged(const std::vector<Shared>& all, std::vector<Token>* reported) {
  for (const Shared& watched : all) {
    if (!(LookAt(watched->path) == watched->then)) Report(watched, reported);
  }
}

// Not when it was removed or replaced while its handle woke us.
void WindowsEvents::Report(const Shared& watched, std::vector<Token>* reported) {
  std::lock_guard<std::mutex> guard(mutex_);
  auto found = watched_.find(watched->token);
  if (found == watched_.end() || found->second != watched) return;
  watched_.erase(found);
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
