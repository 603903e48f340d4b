// Selectors of instances by names or by a prefix.
#ifndef PLAYHEAD_TESTS_STORAGE_NAME_SELECTOR_H_
#define PLAYHEAD_TESTS_STORAGE_NAME_SELECTOR_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "storage/instance_selector.h"

namespace playhead::storage {

class PrefixSelector final : public InstanceSelector {
 public:
  explicit PrefixSelector(std::string prefix) : prefix_(std::move(prefix)) {}
  bool Selects(absl::string_view name) const override { return absl::StartsWith(name, prefix_); }

 private:
  const std::string prefix_;
};

class NameSelector final : public InstanceSelector {
 public:
  explicit NameSelector(std::vector<std::string> names) : names_(std::move(names)) {}
  bool Selects(absl::string_view name) const override {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }
  absl::Span<const std::string> names() const override { return names_; }

 private:
  const std::vector<std::string> names_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_STORAGE_NAME_SELECTOR_H_
