#include "broker/consumers/source_spans.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace playhead::broker {

using storage::Cursor;
using storage::Instance;
using storage::InstanceInfo;

namespace {

// How many rows of the catalogue are read at once.
constexpr size_t kPageInstances = 500;

class SpanFinder : public std::enable_shared_from_this<SpanFinder> {
 public:
  SpanFinder(const Core& core, const ConsumerSource& source, const FeedPosition& from, const FeedPosition& to,
             size_t instances_max, storage::Callback<SourceSpans> done)
      : core_(core),
        source_(source),
        from_(from),
        to_(to),
        head_(core.log.head_position()),
        left_(instances_max),
        done_(std::move(done)) {}

  void List() {
    // One row more than are examined shows whether there are more.
    core_.log.ListInstances(
        source_.name, after_name_, std::min(kPageInstances, left_ + 1),
        [self = shared_from_this()](absl::StatusOr<std::vector<InstanceInfo>> page) { self->OnPage(std::move(page)); });
  }

 private:
  void OnPage(absl::StatusOr<std::vector<InstanceInfo>> page) {
    if (!page.ok()) return std::move(done_)(page.status());
    if (page->empty()) return std::move(done_)(std::move(spans_));
    page_ = *std::move(page);
    if (page_.size() > left_) {
      page_.resize(left_);
      spans_.complete = false;
    }
    left_ -= page_.size();
    next_ = 0;
    Step();
  }

  void Step() {
    for (; next_ < page_.size(); ++next_) {
      const InstanceInfo& info = page_[next_];
      if (!source_.Covers(info.name)) continue;
      if (!info.bounds.ok()) {
        NoteUnreadable(info.bounds.status());
        continue;
      }
      const auto from = Known(info, from_);
      const auto to = Known(info, to_);
      if (!from || !to) return Open();
      spans_.instances.emplace(info.number, InstanceSpan::Of(*info.bounds, *from, *to));
    }
    if (!spans_.complete) return std::move(done_)(std::move(spans_));
    after_name_ = page_.back().name;
    List();
  }

  // The cursor of the position in the instance, if it is known without a search.
  std::optional<Cursor> Known(const InstanceInfo& info, const FeedPosition& position) const {
    if (position == FeedPosition()) return Cursor();
    if (position >= head_) return info.bounds->head;
    if (position.instance == info.number) return position.cursor;
    return std::nullopt;
  }

  void Open() {
    core_.log.OpenInstance(page_[next_].name, storage::OpenMode::kExisting,
                           [self = shared_from_this()](absl::StatusOr<std::shared_ptr<Instance>> instance) {
                             if (!instance.ok()) return self->Skip(instance.status());
                             self->FindFrom(*std::move(instance));
                           });
  }

  void FindFrom(std::shared_ptr<Instance> instance) {
    Find(instance, from_, [self = shared_from_this(), instance](absl::StatusOr<Cursor> from) {
      if (!from.ok()) return self->Skip(from.status());
      self->FindTo(instance, *from);
    });
  }

  void FindTo(const std::shared_ptr<Instance>& instance, Cursor from) {
    Find(instance, to_, [self = shared_from_this(), instance, from](absl::StatusOr<Cursor> to) {
      if (!to.ok()) return self->Skip(to.status());
      self->spans_.instances.emplace(instance->number(), InstanceSpan::Of(instance->bounds(), from, *to));
      ++self->next_;
      self->Step();
    });
  }

  void Find(const std::shared_ptr<Instance>& instance, const FeedPosition& position, storage::Callback<Cursor> done) {
    if (const auto known = Known(page_[next_], position)) return std::move(done)(*known);
    // Within a commit, instances are in the order of their numbers.
    const uint64_t commit = position.commit.value();
    const bool all_of_it = instance->number() < position.instance;
    core_.log.FindCommit(instance, storage::CommitPosition(all_of_it ? commit : commit - 1), std::move(done));
  }

  void NoteUnreadable(const absl::Status& status) {
    spans_.unreadable.Update(status);
    ++spans_.unreadable_count;
  }

  // Skips an instance; one that was deleted in the meantime does not count as unreadable.
  void Skip(const absl::Status& status) {
    if (!absl::IsNotFound(status)) NoteUnreadable(status);
    ++next_;
    Step();
  }

  const Core core_;
  const ConsumerSource source_;
  const FeedPosition from_;
  const FeedPosition to_;
  const FeedPosition head_;
  size_t left_;  // How many more instances may be examined.
  storage::Callback<SourceSpans> done_;
  std::string after_name_;
  std::vector<InstanceInfo> page_;
  size_t next_ = 0;
  SourceSpans spans_;
};

}  // namespace

InstanceSpan InstanceSpan::Of(const storage::LogBounds& bounds, Cursor from, Cursor to) {
  const Cursor kept_after = bounds.BeforeFirst();
  return {kept_after, std::max(from, kept_after), std::max(to, kept_after)};
}

void FindSourceSpans(const Core& core, const ConsumerSource& source, const FeedPosition& from, const FeedPosition& to,
                     size_t instances_max, storage::Callback<SourceSpans> done) {
  std::make_shared<SpanFinder>(core, source, from, to, instances_max, std::move(done))->List();
}

}  // namespace playhead::broker
