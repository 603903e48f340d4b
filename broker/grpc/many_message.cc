#include "broker/grpc/many_message.h"

#include <utility>

#include "broker/grpc/message_buffer.h"
#include "proto/event_wire.h"

namespace playhead::broker {
namespace {

// The fields of SubscribeManyResponse and InstanceEvents; all are length-delimited.
constexpr char kPartsTag = 1 << 3 | 2;
constexpr char kInstanceTag = 2 << 3 | 2;
constexpr char kPositionTag = 3 << 3 | 2;
// Copying fewer bytes than this is cheaper than a slice of their own.
constexpr size_t kReferredBytesMin = 4096;

void AppendField(char tag, absl::string_view value, std::string& out) {
  out.push_back(tag);
  AppendVarint(value.size(), out);
  out.append(value.data(), value.size());
}

}  // namespace

void ManyMessage::Add(const ManyEvents& events, absl::string_view position) {
  std::string rest;
  AppendField(kInstanceTag, events.instance->name(), rest);
  AppendField(kPositionTag, position, rest);
  copied_.push_back(kPartsTag);
  AppendVarint(events.bytes + rest.size(), copied_);
  for (const storage::BlockSlice& slice : events.slices) {
    if (slice.bytes.size() < kReferredBytesMin) {
      copied_.append(slice.bytes.data(), slice.bytes.size());
    } else {
      FlushCopied();
      slices_.push_back(ReferringSlice(slice));
    }
  }
  copied_ += rest;
  bytes_ += events.bytes + rest.size();
}

void ManyMessage::FlushCopied() {
  if (copied_.empty()) return;
  slices_.emplace_back(copied_);
  copied_.clear();
}

grpc::ByteBuffer ManyMessage::Finish() {
  FlushCopied();
  grpc::ByteBuffer message(slices_.data(), slices_.size());
  slices_.clear();
  bytes_ = 0;
  return message;
}

}  // namespace playhead::broker
