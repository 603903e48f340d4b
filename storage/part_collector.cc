#include "storage/part_collector.h"

#include <utility>
#include <vector>

namespace playhead::storage {
namespace {

const EventFilter& FilterOf(const ManyReadOptions& options) {
  static const auto* const kAll = new EventFilter();
  return options.filter != nullptr ? *options.filter : *kAll;
}

}  // namespace

PartCollector::PartCollector(const ManyReadOptions& options, const TypeLifeTable& lives)
    : options_(options), lives_(lives), filter_(FilterOf(options)), budget_{options.events_max, options.bytes_max} {
  result_.next = options.after;
}

Cursor PartCollector::Take(const std::shared_ptr<Instance>& instance, const std::shared_ptr<const Block>& block,
                           Cursor after) {
  result_.scanned_bytes += block->body().size();
  ++result_.scanned_blocks;
  // A run of events of the same instance forms one part, even across commits.
  const bool extends =
      !result_.parts.empty() && result_.parts.back().instance == instance && !result_.parts.back().trimmed;
  InstanceEvents fresh;
  InstanceEvents& part = extends ? result_.parts.back() : fresh;
  const size_t slices_before = part.slices.size();
  const TypeLifeTable::Lives lives = lives_.Find(instance->name());
  const Cursor done = SliceBlock(block, after, block->last(), filter_, budget_, part.slices, lives.get());
  const StorePosition position{block->header().commit, instance->number(), done};
  if (done > after) {
    result_.next = position;
    options_.reader->NotePassed(instance->number(), position);
  }
  if (part.slices.size() > slices_before) {
    part.last = done;
    part.position = position;
    if (!extends) {
      part.instance = instance;
      result_.parts.push_back(std::move(part));
    }
  }
  return done;
}

void PartCollector::PassTrimmed(const std::shared_ptr<Instance>& instance, Cursor after, StorePosition position) {
  result_.next = position;
  auto trimmed = options_.reader->TellTrimmed(instance->number(), position, after, instance->bounds().BeforeFirst());
  if (!trimmed) return;
  InstanceEvents part;
  part.instance = instance;
  part.trimmed = *trimmed;
  part.last = trimmed->last;
  part.position = position;
  result_.parts.push_back(std::move(part));
}

void PartCollector::TellUnlistedCommits() {
  InstanceEvents part;
  part.position = result_.next;
  result_.parts.push_back(std::move(part));
}

ManyReadResult PartCollector::Finish(bool end_reached) {
  std::erase_if(result_.parts,
                [](const InstanceEvents& part) { return part.instance != nullptr && part.instance->deleted(); });
  for (InstanceEvents& part : result_.parts) {
    for (const BlockSlice& slice : part.slices) {
      part.bytes += slice.bytes.size();
      part.event_count += slice.event_count;
    }
    result_.bytes += part.bytes;
    result_.event_count += part.event_count;
  }
  result_.end_reached = end_reached;
  return std::move(result_);
}

}  // namespace playhead::storage
