// JSON may escape half of a surrogate pair ("\ud83d", the rest of an emoji cut in two). It represents no character, has
// no UTF-8 encoding, and makes JSON readers refuse the whole text.
#ifndef PLAYHEAD_PROTO_WHATSAPP_SURROGATES_H_
#define PLAYHEAD_PROTO_WHATSAPP_SURROGATES_H_

#include <string>

namespace playhead::whatsapp {

// Overwrites each escape in `json` of a lone half of a pair with that of U+FFFD, the replacement character. The length
// stays the same.
void ReplaceLoneSurrogates(std::string& json);

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_SURROGATES_H_
