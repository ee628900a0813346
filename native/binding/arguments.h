// Typed readers for the arguments of a JavaScript call. The TypeScript code in src/ has already
// validated the arguments, with detailed messages. The readers only ensure that a wrong argument
// throws a TypeError instead of crashing the process.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace gateway_lock {

// The largest id. A JavaScript number can represent every integer up to 2^53 exactly.
constexpr std::int64_t kLargestId = std::int64_t{1} << 53;

class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  std::string Text(std::size_t index) {
    // Fast path: a path or record usually fits into this buffer, so its length need not be queried
    // first.
    char text[1024];
    std::size_t length = 0;
    napi_value value = info_[index];
    if (napi_get_value_string_utf8(info_.Env(), value, text, sizeof text, &length) != napi_ok) {
      return Reject<std::string>(index, "a string");
    }
    // N-API truncates a long text between two characters, and a character is at most four bytes
    // long, so the text is complete if more than four bytes of the buffer are unused.
    bool whole = length + 4 < sizeof text;
    return whole ? std::string(text, length) : info_[index].As<Napi::String>().Utf8Value();
  }
  bool Flag(std::size_t index) {
    bool flag = false;
    if (napi_get_value_bool(info_.Env(), info_[index], &flag) == napi_ok) return flag;
    return Reject<bool>(index, "a boolean");
  }
  std::int64_t Integer(std::size_t index, std::int64_t lowest, std::int64_t highest) {
    double value = NAN;
    (void)napi_get_value_double(info_.Env(), info_[index], &value);
    bool fits = std::trunc(value) == value && value >= static_cast<double>(lowest) &&
                value <= static_cast<double>(highest);
    return fits ? static_cast<std::int64_t>(value)
                : Reject<std::int64_t>(index, "an integer in range");
  }
  std::vector<std::string> Texts(std::size_t index) {
    std::vector<std::string> texts;
    bool fits = ForEachItem(index, [&](Napi::Value value) {
      if (value.IsString()) texts.push_back(value.As<Napi::String>().Utf8Value());
      return value.IsString();
    });
    return fits ? texts : Reject<std::vector<std::string>>(index, "an array of strings");
  }
  // Reads an array of descriptors or of pids.
  std::vector<std::intptr_t> NaturalNumbers(std::size_t index) {
    std::vector<std::intptr_t> numbers;
    bool fits = ForEachItem(index, [&](Napi::Value value) {
      std::int64_t number = value.IsNumber() ? value.As<Napi::Number>().Int64Value() : -1;
      numbers.push_back(static_cast<std::intptr_t>(number));
      return number >= 0;
    });
    return fits ? numbers
                : Reject<std::vector<std::intptr_t>>(index, "an array of natural numbers");
  }
  Napi::Function Function(std::size_t index) {
    if (info_[index].IsFunction()) return info_[index].As<Napi::Function>();
    return Reject<Napi::Function>(index, "a function");
  }
  // Returns false, with a TypeError pending, if an argument was rejected.
  bool valid() const { return valid_; }

 private:
  // Passes the items to `take` one at a time, because a sparse array may have 2^32 - 1 items, too
  // many to copy. Returns false if the argument is not an array, or if `take` returns false for an
  // item.
  template <typename Take>
  bool ForEachItem(std::size_t index, Take take) {
    if (!valid_ || !info_[index].IsArray()) return false;
    Napi::Array array = info_[index].As<Napi::Array>();
    for (std::uint32_t i = 0; i < array.Length(); i++) {
      if (!take(array.Get(i))) return false;
    }
    return true;
  }
  template <typename T>
  T Reject(std::size_t index, const char* wanted) {
    ThrowTypeError(index, wanted);
    return T();
  }
  void ThrowTypeError(std::size_t index, const char* wanted) {
    // The getter of an array item, or a proxy, may have thrown. A second exception would end the
    // process.
    if (valid_ && !info_.Env().IsExceptionPending()) {
      Napi::TypeError::New(info_.Env(), "argument " + std::to_string(index) + " must be " + wanted)
          .ThrowAsJavaScriptException();
    }
    valid_ = false;
  }

  const Napi::CallbackInfo& info_;
  bool valid_ = true;
};

}  // namespace gateway_lock
