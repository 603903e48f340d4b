#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "broker/webhook/body.h"

namespace playhead::broker::webhook {
namespace {

using Digest = std::array<unsigned char, 32>;

Digest Sha256(std::initializer_list<absl::string_view> parts) {
  Digest digest;
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  for (const absl::string_view part : parts) EVP_DigestUpdate(context, part.data(), part.size());
  EVP_DigestFinal_ex(context, digest.data(), nullptr);
  EVP_MD_CTX_free(context);
  return digest;
}

std::string Hex(const Digest& digest) {
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

size_t BodyEvent::data_bytes() const {
  if (members.size() == 1 && members[0].name.empty()) return members[0].slice.size();
  size_t bytes = 1;  // The braces; each member but the last has a comma.
  for (const Member& member : members) bytes += member.name.size() + member.slice.size() + 4;
  return std::max<size_t>(bytes, 2);
}

void BodyEvent::AppendData(std::string& out) const {
  if (members.size() == 1 && members[0].name.empty()) {
    absl::StrAppend(&out, members[0].slice);
    return;
  }
  const char* separator = "{\"";
  for (const Member& member : members) {
    absl::StrAppend(&out, separator, member.name, "\":", member.slice);
    separator = ",\"";
  }
  absl::StrAppend(&out, members.empty() ? "{}" : "}");
}

std::string BodyEvent::data() const {
  std::string out;
  out.reserve(data_bytes());
  AppendData(out);
  return out;
}

BodyEvent WholeBodyEvent(absl::string_view body) {
  return {.instance = std::string(kUnroutedInstance),
          .type = std::string(kUnparsedType),
          .id = ContentId({kUnparsedType, body}),
          .members = {{"", body}}};
}

std::vector<absl::string_view> InstancesOf(const std::vector<BodyEvent>& events) {
  std::vector<absl::string_view> instances;
  absl::flat_hash_set<absl::string_view> seen;
  for (const BodyEvent& event : events) {
    // Nearly always the same instance as the previous one.
    if (!instances.empty() && instances.back() == event.instance) continue;
    if (seen.insert(event.instance).second) instances.push_back(event.instance);
  }
  return instances;
}

std::string ContentId(std::initializer_list<absl::string_view> parts) {
  return absl::StrCat("sha256:", Hex(Sha256(parts)));
}

std::string ConflictId(absl::string_view id, absl::string_view data) {
  constexpr size_t kDigits = 16;
  const std::string suffix = absl::StrCat("#", Hex(Sha256({data})).substr(0, kDigits));
  if (id.size() + suffix.size() > storage::kEventIdBytesMax) return absl::StrCat(ContentId({id}), suffix);
  return absl::StrCat(id, suffix);
}

}  // namespace playhead::broker::webhook
