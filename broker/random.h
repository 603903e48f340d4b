// Cryptographically secure randomness, for secrets and for names that must not collide.
#ifndef PLAYHEAD_BROKER_RANDOM_H_
#define PLAYHEAD_BROKER_RANDOM_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::broker {

// Digits and lower case letters, without i, l, o and u, which are misread.
inline constexpr absl::string_view kBase32Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

// Both abort the process if the system has no randomness: the alternative would be secrets that can be guessed.

// `size` bytes from OpenSSL's generator.
std::string RandomBytes(size_t size);
// This many characters of kBase32Alphabet, of 5 random bits each.
std::string RandomBase32(size_t characters);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_RANDOM_H_
