#include "storage/many/many_source.h"

#include "storage/instances/instance_catalog.h"

namespace playhead::storage {

absl::StatusOr<std::shared_ptr<Instance>> FindNamed(const ManySource& source, const std::string& name) {
  auto found = FindInstance(source.instances, source.store, name);
  if (!found.ok()) return found.status();
  if (!(*found)->exists() || (*found)->deleted()) return nullptr;
  return *std::move(found);
}

absl::StatusOr<std::shared_ptr<Instance>> FindWanted(const ManySource& source, ManyReader& reader,
                                                     InstanceNumber number) {
  const ManyReader::Known* known = reader.Find(number);
  if (known == nullptr) {
    auto name = FindInstanceName(*source.store, number);
    if (!name.ok()) return name.status();
    if (name->empty()) return nullptr;  // Deleted.
    known = &reader.Meet(number, *name);
  }
  if (!known->selected) return nullptr;
  auto instance = FindNamed(source, known->name);
  // The name may belong to another instance by now.
  if (instance.ok() && *instance != nullptr && (*instance)->number() != number) return nullptr;
  return instance;
}

}  // namespace playhead::storage
