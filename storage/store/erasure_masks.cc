#include "storage/store/erasure_masks.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/algorithm/container.h"

namespace playhead::storage {
namespace {

// Appends the stub that replaces an event with these broker-set fields, framed as in a body.
void AppendStub(absl::string_view trailer, std::string& out) {
  std::string stub;
  AppendEvent({.type = kErasedEventType, .data = ""}, kEventsTag, stub);
  absl::string_view rest = stub;
  const absl::string_view event = *ConsumeEvent(rest);
  out.push_back(kEventsTag);
  AppendVarint(event.size() + trailer.size(), out);
  out.append(event.data(), event.size());
  out.append(trailer.data(), trailer.size());
}

absl::string_view DialectOf(const EventView& event) {
  for (const auto& [key, value] : event.attributes) {
    if (key == "dialect") return value;
  }
  return "";
}

}  // namespace

StubbedBlock StubEvents(const std::shared_ptr<const Block>& block,
                        absl::FunctionRef<bool(Cursor, const EventView&)> erase) {
  StubbedBlock out{block};
  std::string body;
  BlockHeader header;
  absl::string_view rest = block->body();
  EventView event;
  Cursor cursor = block->first();
  size_t copied = 0;  // Bytes of the old body handled so far: unchanged runs are copied in one piece.
  TypeSummary types;
  for (;; cursor = cursor + 1) {
    const size_t begin = block->body().size() - rest.size();
    const auto bytes = ConsumeEvent(rest);
    if (!bytes) break;
    event = EventView();
    // The broker never stores an event too short for a trailer: the block is damaged, and is left as it is.
    const bool erased = bytes->size() >= kEventTrailerBytes && event.Parse(*bytes) && erase(cursor, event);
    types.Add(erased ? kErasedEventType : event.type, erased ? absl::string_view() : DialectOf(event));
    if (!erased) continue;
    body.append(block->body().data() + copied, begin - copied);
    AppendStub(bytes->substr(bytes->size() - kEventTrailerBytes), body);
    copied = block->body().size() - rest.size();
    ++out.erased_events;
    out.erased_bytes += copied - begin;
  }
  if (out.erased_events == 0) return out;
  body.append(block->body().data() + copied, block->body().size() - copied);
  header = block->header();
  header.types = std::move(types);
  out.block = std::make_shared<const Block>(std::move(header), std::move(body));
  return out;
}

std::shared_ptr<const Block> ErasureMaskSet::Apply(absl::string_view instance,
                                                   std::shared_ptr<const Block> block) const {
  for (const Mask& mask : masks_) {
    if (block->header().commit > mask.until || !mask.target->CoversInstance(instance)) continue;
    const std::vector<Cursor>& cursors = mask.target->cursors;
    if (!cursors.empty()) {
      const auto next = absl::c_lower_bound(cursors, block->first());
      if (next == cursors.end() || *next > block->last()) continue;
    }
    block = StubEvents(block, [&mask](Cursor cursor, const EventView& event) {
              return mask.target->MatchesEvent(cursor, event);
            }).block;
  }
  return block;
}

void ErasureMasks::Add(ErasureMaskSet::Mask mask) {
  absl::MutexLock lock(&mu_);
  std::vector<ErasureMaskSet::Mask> masks = set_ != nullptr ? set_->masks() : std::vector<ErasureMaskSet::Mask>();
  masks.push_back(std::move(mask));
  Set(std::move(masks));
}

void ErasureMasks::Remove(uint64_t id) {
  absl::MutexLock lock(&mu_);
  if (set_ == nullptr) return;
  std::vector<ErasureMaskSet::Mask> masks = set_->masks();
  std::erase_if(masks, [id](const ErasureMaskSet::Mask& mask) { return mask.id == id; });
  Set(std::move(masks));
}

void ErasureMasks::Set(std::vector<ErasureMaskSet::Mask> masks) {
  set_ = masks.empty() ? nullptr : std::make_shared<const ErasureMaskSet>(std::move(masks));
  any_.store(set_ != nullptr, std::memory_order_release);
}

}  // namespace playhead::storage
