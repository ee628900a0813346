// Typed readers for the arguments of a JavaScript call. The TypeScript code in src/ has already
// validated the arguments, with detailed messages. These readers only ensure that a wrong argument
// throws a TypeError instead of crashing the process.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace gateway_lock {

// The largest id. JavaScript numbers represent every integer up to this one exactly.
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
    // N-API truncates a long text between two characters, and a character has at most four bytes.
    // So the text is complete if more than four bytes of the buffer are left.
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
    for (Napi::Value value : Items(index)) {
      if (!value.IsString()) return Reject<std::vector<std::string>>(index, "an array of strings");
      texts.push_back(value.As<Napi::String>().Utf8Value());
    }
    return texts;
  }
  std::vector<std::intptr_t> Descriptors(std::size_t index) {
    std::vector<std::intptr_t> descriptors;
    for (Napi::Value value : Items(index)) {
      if (!value.IsNumber() || value.As<Napi::Number>().Int64Value() < 0) {
        return Reject<std::vector<std::intptr_t>>(index, "an array of descriptors");
      }
      descriptors.push_back(static_cast<std::intptr_t>(value.As<Napi::Number>().Int64Value()));
    }
    return descriptors;
  }
  Napi::Function Function(std::size_t index) {
    if (info_[index].IsFunction()) return info_[index].As<Napi::Function>();
    return Reject<Napi::Function>(index, "a function");
  }
  // Returns false if an argument was rejected. A TypeError is then pending.
  bool valid() const { return valid_; }

 private:
  std::vector<Napi::Value> Items(std::size_t index) {
    if (!info_[index].IsArray()) return Reject<std::vector<Napi::Value>>(index, "an array");
    Napi::Array array = info_[index].As<Napi::Array>();
    std::vector<Napi::Value> items;
    items.reserve(array.Length());
    for (std::uint32_t i = 0; i < array.Length(); i++) items.push_back(array.Get(i));
    return items;
  }
  template <typename T>
  T Reject(std::size_t index, const char* wanted) {
    ThrowTypeError(index, wanted);
    return T();
  }
  void ThrowTypeError(std::size_t index, const char* wanted) {
    if (valid_) {
      Napi::TypeError::New(info_.Env(), "argument " + std::to_string(index) + " must be " + wanted)
          .ThrowAsJavaScriptException();
    }
    valid_ = false;
  }

  const Napi::CallbackInfo& info_;
  bool valid_ = true;
};

}  // namespace gateway_lock
