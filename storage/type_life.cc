#include "storage/type_life.h"

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace playhead::storage {

std::optional<absl::Duration> TypeLives::LifeOf(absl::string_view type) const {
  for (const TypeLife& life : lives_) {
    absl::string_view pattern = life.pattern;
    if (absl::ConsumeSuffix(&pattern, "*") ? absl::StartsWith(type, pattern) : type == pattern) return life.life;
  }
  return std::nullopt;
}

bool TypeLives::IsOver(absl::string_view type, Timestamp appended_at, Timestamp now) const {
  const auto life = LifeOf(type);
  return life && appended_at.micros() < now.micros() - absl::ToInt64Microseconds(*life);
}

}  // namespace playhead::storage
