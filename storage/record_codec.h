// Small records of the store: little-endian numbers of fixed width and length-prefixed text, written and read in order.
#ifndef PLAYHEAD_STORAGE_RECORD_CODEC_H_
#define PLAYHEAD_STORAGE_RECORD_CODEC_H_

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::storage {

class RecordWriter {
 public:
  explicit RecordWriter(std::string& out) : out_(out) {}

  template <typename Integer>
  RecordWriter& Put(Integer value) {
    char bytes[sizeof(value)];
    std::memcpy(bytes, &value, sizeof(value));  // All supported machines are little-endian.
    out_.append(bytes, sizeof(bytes));
    return *this;
  }

  // At most 65,535 bytes.
  RecordWriter& PutText(absl::string_view text) {
    Put(static_cast<uint16_t>(text.size()));
    out_.append(text.data(), text.size());
    return *this;
  }

 private:
  std::string& out_;
};

// After a read beyond the end, ok() is false and every value is zero.
class RecordReader {
 public:
  explicit RecordReader(absl::string_view bytes) : bytes_(bytes) {}

  template <typename Integer>
  Integer Get() {
    Integer value{};
    if (bytes_.size() < sizeof(value)) {
      Fail();
    } else {
      std::memcpy(&value, bytes_.data(), sizeof(value));
      bytes_.remove_prefix(sizeof(value));
    }
    return value;
  }

  absl::string_view GetText() { return GetBytes(Get<uint16_t>()); }

  absl::string_view GetBytes(size_t size) {
    if (bytes_.size() < size) {
      Fail();
      return {};
    }
    const absl::string_view text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return text;
  }

  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

 private:
  void Fail() {
    ok_ = false;
    bytes_ = {};
  }

  absl::string_view bytes_;
  bool ok_ = true;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_RECORD_CODEC_H_
