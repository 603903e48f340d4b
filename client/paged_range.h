// PagedRange: a sequence that is fetched page by page during iteration.
//
//   for (const absl::StatusOr<Event>& event : client.FetchMissed(request)) {
//     if (!event.ok()) return event.status();   // Always the last element.
//     Handle(*event);
//   }
//
// Single-pass: iterate once. Advancing blocks when a page has to be fetched. Not thread-safe.
#ifndef PLAYHEAD_CLIENT_PAGED_RANGE_H_
#define PLAYHEAD_CLIENT_PAGED_RANGE_H_

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace playhead {

template <typename T>
class PagedRange {
 public:
  struct Page {
    std::vector<T> items;
    bool last = false;
  };
  using FetchPage = absl::AnyInvocable<absl::StatusOr<Page>()>;

  explicit PagedRange(FetchPage fetch) : fetch_(std::move(fetch)) {}

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = absl::StatusOr<T>;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    iterator() = default;
    explicit iterator(PagedRange* range) : range_(range) {}
    reference operator*() const { return range_->current_; }
    pointer operator->() const { return &range_->current_; }
    iterator& operator++() {
      if (!range_->Advance()) range_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.range_ == b.range_; }

   private:
    PagedRange* range_ = nullptr;  // nullptr at the end.
  };

  iterator begin() { return Advance() ? iterator(this) : iterator(); }
  iterator end() { return iterator(); }

 private:
  // Makes `current_` the next element. False at the end.
  bool Advance() {
    while (next_ == page_.items.size()) {
      if (page_.last) return false;
      absl::StatusOr<Page> page = fetch_();
      next_ = 0;
      if (!page.ok()) {
        page_ = {{}, true};
        current_ = page.status();
        return true;
      }
      page_ = *std::move(page);
    }
    current_ = std::move(page_.items[next_++]);
    return true;
  }

  FetchPage fetch_;
  Page page_;
  size_t next_ = 0;
  absl::StatusOr<T> current_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_PAGED_RANGE_H_
