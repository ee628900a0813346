#include "win32_access.h"

#include <aclapi.h>
#include <sddl.h>

#include <string>
#include <vector>

#include "win32_file.h"

namespace gateway_lock {
namespace {

constexpr DWORD kWrite = GENERIC_ALL | GENERIC_WRITE | FILE_WRITE_DATA | WRITE_DAC | WRITE_OWNER;
constexpr DWORD kRemove = GENERIC_ALL | FILE_DELETE_CHILD | WRITE_DAC | WRITE_OWNER;

using Sid = std::vector<BYTE>;

Sid WellKnown(WELL_KNOWN_SID_TYPE type) {
  DWORD size = SECURITY_MAX_SID_SIZE;
  Sid sid(size);
  if (!CreateWellKnownSid(type, nullptr, &sid[0], &size)) sid.clear();
  return sid;
}

bool IsOneOf(PSID sid, std::initializer_list<WELL_KNOWN_SID_TYPE> types) {
  for (WELL_KNOWN_SID_TYPE type : types) {
    Sid known = WellKnown(type);
    if (!known.empty() && EqualSid(sid, &known[0])) return true;
  }
  return false;
}

bool IsAnyUser(PSID sid) {
  return IsOneOf(sid, {WinWorldSid, WinAuthenticatedUserSid, WinBuiltinUsersSid,
                       WinBuiltinGuestsSid, WinInteractiveSid, WinAnonymousSid});
}

// Returns a buffer that begins with the TOKEN_USER of this process, or an empty buffer on failure.
std::vector<BYTE> ThisUser() {
  HANDLE token = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) return {};
  FileHandle opened(reinterpret_cast<NativeHandle>(token));
  std::vector<BYTE> user(sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE);
  DWORD size = static_cast<DWORD>(user.size());
  if (!GetTokenInformation(token, TokenUser, &user[0], size, &size)) return {};
  return user;
}

PSID SidOf(std::vector<BYTE>* user) {
  return user->empty() ? nullptr : reinterpret_cast<TOKEN_USER*>(user->data())->User.Sid;
}

// Returns true if the owner is this user, an administrator, or Everyone, which a file system
// without owners (FAT) reports.
bool IsOurs(PSID owner) {
  std::vector<BYTE> user = ThisUser();
  PSID sid = SidOf(&user);
  return (sid != nullptr && EqualSid(owner, sid)) ||
         IsOneOf(owner, {WinBuiltinAdministratorsSid, WinLocalSystemSid, WinWorldSid});
}

// Returns the rights that the ACL grants to every user. Ignores deny entries, so the result may
// contain too many rights but never too few.
DWORD RightsOfAnyUser(PACL list) {
  DWORD rights = 0;
  void* entry = nullptr;
  for (DWORD i = 0; i < list->AceCount && GetAce(list, i, &entry); ++i) {
    auto* allowed = static_cast<ACCESS_ALLOWED_ACE*>(entry);
    bool counts = allowed->Header.AceType == ACCESS_ALLOWED_ACE_TYPE &&
                  (allowed->Header.AceFlags & INHERIT_ONLY_ACE) == 0;
    if (counts && IsAnyUser(&allowed->SidStart)) rights |= allowed->Mask;
  }
  return rights;
}

// Returns an ACL, as SDDL text, that grants all rights to this user, the system and the
// administrators. New files and directories inside inherit it. The ACL itself inherits nothing from
// the parent directory.
std::wstring PrivateSddl() {
  std::wstring text = L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
  std::vector<BYTE> user = ThisUser();
  wchar_t* name = nullptr;
  if (SidOf(&user) != nullptr && ConvertSidToStringSidW(SidOf(&user), &name)) {
    text += L"(A;OICI;FA;;;" + std::wstring(name) + L")";
    LocalFree(name);
  }
  return text;
}

// Returns the rights of every user on a file with a null DACL: all rights, except on a file system
// without ACLs (FAT), which reports a null DACL for every file.
DWORD RightsWithoutAcl(const FileHandle& file) {
  DWORD flags = 0;
  bool known = GetVolumeInformationByHandleW(Raw(file), nullptr, 0, nullptr, nullptr, &flags,
                                             nullptr, 0) != 0;
  return known && (flags & FILE_PERSISTENT_ACLS) != 0 ? kWrite | kRemove : 0;
}

}  // namespace

Status ReadAccess(const FileHandle& file, Access* access) {
  PSID owner = nullptr;
  PACL list = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  DWORD code = GetSecurityInfo(Raw(file), SE_FILE_OBJECT,
                               OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner,
                               nullptr, &list, nullptr, &descriptor);
  if (code != ERROR_SUCCESS) {
    return Status::SystemError(static_cast<int>(code), "GetSecurityInfo");
  }
  *access = {};
  if (owner != nullptr) access->ours = IsOurs(owner);
  DWORD rights = list == nullptr ? RightsWithoutAcl(file) : RightsOfAnyUser(list);
  access->any_user_may_write = (rights & kWrite) != 0;
  access->any_user_may_remove = (rights & kRemove) != 0;
  LocalFree(descriptor);
  return Status::Ok();
}

PrivateAccess::PrivateAccess() {
  attributes_.nLength = sizeof attributes_;
  (void)ConvertStringSecurityDescriptorToSecurityDescriptorW(
      PrivateSddl().c_str(), SDDL_REVISION_1, &attributes_.lpSecurityDescriptor, nullptr);
}

PrivateAccess::~PrivateAccess() { LocalFree(attributes_.lpSecurityDescriptor); }

Status PrivateAccess::ApplyTo(const FileHandle& directory) const {
  BOOL present = FALSE;
  BOOL defaulted = FALSE;
  PACL list = nullptr;
  if (!GetSecurityDescriptorDacl(attributes_.lpSecurityDescriptor, &present, &list, &defaulted)) {
    return LastError("GetSecurityDescriptorDacl");
  }
  DWORD code = SetSecurityInfo(Raw(directory), SE_FILE_OBJECT,
                               DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                               nullptr, nullptr, list, nullptr);
  return code == ERROR_SUCCESS ? Status::Ok()
                               : Status::SystemError(static_cast<int>(code), "SetSecurityInfo");
}

}  // namespace gateway_lock
