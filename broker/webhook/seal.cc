#include "broker/webhook/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/private_file.h"

namespace playhead::broker::webhook {
namespace {

// Sealed bytes are nonce, tag, ciphertext.
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kFileBytesMax = 128;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Context NewContext() { return Context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free); }

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* Bytes(absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// Only a lack of randomness or memory can make these calls fail.
void Require(bool done) {
  if (!done) std::abort();
}

}  // namespace

Seal::~Seal() { OPENSSL_cleanse(key_.data(), key_.size()); }

absl::StatusOr<Seal> Seal::Load(const std::string& path) {
  auto content = ReadPrivateFile(path, kFileBytesMax);
  if (!content.ok()) return content.status();
  const absl::Cleanup wipe = [&content] { OPENSSL_cleanse(content->data(), content->size()); };
  absl::string_view digits = *content;
  absl::ConsumeSuffix(&digits, "\n");
  Key key;
  const bool is_hex = std::all_of(digits.begin(), digits.end(),
                                  [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
  if (!is_hex || digits.size() != 2 * key.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " must hold one line of ", 2 * key.size(), " hexadecimal digits"));
  }
  std::string bytes = absl::HexStringToBytes(digits);
  std::copy(bytes.begin(), bytes.end(), key.begin());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return Seal(key);
}

absl::StatusOr<Seal> Seal::Make(const std::string& path) {
  Key key;
  Require(RAND_priv_bytes(key.data(), static_cast<int>(key.size())) == 1);
  std::string content =
      absl::StrCat(absl::BytesToHexString({reinterpret_cast<const char*>(key.data()), key.size()}), "\n");
  const absl::Status made = MakePrivateFile(path, content);
  OPENSSL_cleanse(content.data(), content.size());
  if (!made.ok()) return made;
  return Seal(key);
}

std::string Seal::Close(absl::string_view secret, absl::string_view label) const {
  std::string out(kNonceBytes + kTagBytes + secret.size(), '\0');
  unsigned char* const nonce = Bytes(out);
  unsigned char* const tag = nonce + kNonceBytes;
  unsigned char* const text = tag + kTagBytes;
  Require(RAND_bytes(nonce, kNonceBytes) == 1);
  const Context context = NewContext();
  int size = 0;
  Require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce) == 1 &&
          EVP_EncryptUpdate(context.get(), nullptr, &size, Bytes(label), static_cast<int>(label.size())) == 1 &&
          EVP_EncryptUpdate(context.get(), text, &size, Bytes(secret), static_cast<int>(secret.size())) == 1 &&
          EVP_EncryptFinal_ex(context.get(), text + size, &size) == 1 &&
          EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag) == 1);
  return out;
}

absl::StatusOr<std::string> Seal::Open(absl::string_view sealed, absl::string_view label) const {
  const auto damaged = [&label] {
    return absl::DataLossError(absl::StrCat(label, " was sealed under another key, or is damaged"));
  };
  if (sealed.size() < kNonceBytes + kTagBytes) return damaged();
  std::string tag(sealed.substr(kNonceBytes, kTagBytes));
  const absl::string_view text = sealed.substr(kNonceBytes + kTagBytes);
  std::string out(text.size(), '\0');
  const Context context = NewContext();
  int size = 0;
  if (EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), Bytes(sealed)) != 1 ||
      EVP_DecryptUpdate(context.get(), nullptr, &size, Bytes(label), static_cast<int>(label.size())) != 1 ||
      EVP_DecryptUpdate(context.get(), Bytes(out), &size, Bytes(text), static_cast<int>(text.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(context.get(), Bytes(out) + size, &size) != 1) {
    OPENSSL_cleanse(out.data(), out.size());
    return damaged();
  }
  return out;
}

}  // namespace playhead::broker::webhook
