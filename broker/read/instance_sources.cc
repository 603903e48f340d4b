#include "broker/read/instance_sources.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/auth/permission.h"
#include "proto/errors.h"
#include "storage/event_log.h"
#include "storage/own_instances.h"

namespace playhead::broker {

using storage::InstanceSelector;

namespace {

class NamedInstances final : public InstanceSelector {
 public:
  explicit NamedInstances(std::vector<std::string> names)
      : names_(std::move(names)), set_(names_.begin(), names_.end()) {
    names_.assign(set_.begin(), set_.end());  // Each once.
  }
  bool Selects(absl::string_view name) const override { return set_.contains(name); }
  absl::Span<const std::string> names() const override { return names_; }

 private:
  std::vector<std::string> names_;
  const absl::flat_hash_set<std::string> set_;
};

class InstancesOfPrefix final : public InstanceSelector {
 public:
  explicit InstancesOfPrefix(std::string prefix) : prefix_(std::move(prefix)) {}
  bool Selects(absl::string_view name) const override {
    return absl::StartsWith(name, prefix_) && (!storage::IsOwnInstance(name) || storage::IsOwnInstance(prefix_));
  }

 private:
  const std::string prefix_;
};

class CoveredInstances final : public InstanceSelector {
 public:
  CoveredInstances(std::shared_ptr<const Caller> caller, bool manages)
      : caller_(std::move(caller)), manages_(manages) {}
  bool Selects(absl::string_view name) const override {
    return !storage::IsOwnInstance(name) && caller_->Covers(Permission::kSubscribe, name) &&
           (!manages_ || caller_->Covers(Permission::kManage, name));
  }

 private:
  const std::shared_ptr<const Caller> caller_;
  const bool manages_;
};

absl::Status CheckSources(const InstanceSources& sources) {
  const int kinds = (sources.names.empty() ? 0 : 1) + (sources.prefix.empty() ? 0 : 1) + (sources.all ? 1 : 0);
  if (kinds != 1) {
    return MakeError(Reason::kSourcesInvalid, "`instances` is a list of names, a prefix of at least 1 byte, or all");
  }
  if (sources.names.size() > kSourceNamesMax) {
    return MakeError(Reason::kSourcesInvalid, absl::StrCat("`instances` has ", sources.names.size(), " names; at most ",
                                                           kSourceNamesMax, " are allowed: use a prefix"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const InstanceSelector>> MakeInstanceSelector(
    InstanceSources sources, const std::shared_ptr<const Caller>& caller, const storage::EventFilter* filter) {
  if (absl::Status status = CheckSources(sources); !status.ok()) return status;
  // Hidden events need the permission to manage as well.
  const bool manages = filter != nullptr && filter->NamesHiddenTypes();
  if (sources.all) {
    if (absl::Status status = caller->CheckGood(); !status.ok()) return status;
    if (!caller->HasPermission(Permission::kSubscribe) || (manages && !caller->HasPermission(Permission::kManage))) {
      return MakeError(Reason::kPermissionDenied,
                       absl::StrCat("key ", caller->key_id(),
                                    " lacks the permission `subscribe`, or `manage` for hidden "
                                    "events"));
    }
    return std::make_shared<CoveredInstances>(caller, manages);
  }
  if (!sources.prefix.empty()) {
    absl::Status status = caller->CheckPrefix(Permission::kSubscribe, sources.prefix);
    if (status.ok() && manages) status = caller->CheckPrefix(Permission::kManage, sources.prefix);
    if (!status.ok()) return status;
    return std::make_shared<InstancesOfPrefix>(std::move(sources.prefix));
  }
  for (const std::string& name : sources.names) {
    absl::Status status = storage::CheckInstanceName(name);
    if (status.ok()) status = caller->Check(Permission::kSubscribe, name);
    if (status.ok() && manages) status = caller->Check(Permission::kManage, name);
    if (!status.ok()) return status;
  }
  return std::make_shared<NamedInstances>(std::move(sources.names));
}

}  // namespace playhead::broker
