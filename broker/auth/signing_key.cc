#include "broker/auth/signing_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "broker/random.h"
#include "broker/settings/stored_records.h"
#include "storage/await.h"

namespace playhead::broker {
absl::StatusOr<SigningKey> SigningKey::Load(storage::RecordStore& records, absl::string_view row) {
  std::string bytes;
  const absl::Status loaded =
      ForEachRecord(records, storage::RecordSpace::kKeys, row, [&bytes, row](storage::Record& record) {
        if (record.key != row || record.value.size() != kBytes) {
          return absl::DataLossError(absl::StrCat("the stored row ", record.key, " is damaged"));
        }
        bytes = std::move(record.value);
        return absl::OkStatus();
      });
  if (!loaded.ok()) return loaded;
  if (!bytes.empty()) return SigningKey(std::move(bytes));
  bytes = RandomBytes(kBytes);
  const absl::Status written = storage::AwaitStatus([&](auto done) {
    records.Write({{storage::RecordSpace::kKeys, std::string(row), bytes}}, std::move(done));
  });
  if (!written.ok()) return written;
  return SigningKey(std::move(bytes));
}

std::string SigningKey::Sign(absl::string_view text) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned size = 0;
  HMAC(EVP_sha256(), bytes_.data(), static_cast<int>(bytes_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  return std::string(reinterpret_cast<const char*>(mac.data()), size);
}

bool SigningKey::Signed(absl::string_view text, absl::string_view signature) const {
  const std::string expected = Sign(text);
  return signature.size() == expected.size() && CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
}

}  // namespace playhead::broker
