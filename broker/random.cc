#include "broker/random.h"

#include <openssl/rand.h>

#include <cstdint>
#include <cstdlib>

#include "broker/log.h"

namespace playhead::broker {

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1) {
    Log().critical("event=no_randomness");
    std::abort();
  }
  return bytes;
}

std::string RandomBase32(size_t characters) {
  std::string text = RandomBytes(characters);
  for (char& c : text) c = kBase32Alphabet[static_cast<uint8_t>(c) % kBase32Alphabet.size()];
  return text;
}

}  // namespace playhead::broker
