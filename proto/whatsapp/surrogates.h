// JSON may escape half of a surrogate pair ("\ud83d", what is left of an emoji cut in two). It stands for no character,
// has no UTF-8, and makes JSON readers refuse the whole text.
#ifndef PLAYHEAD_PROTO_WHATSAPP_SURROGATES_H_
#define PLAYHEAD_PROTO_WHATSAPP_SURROGATES_H_

#include <string>

namespace playhead::whatsapp {

// Overwrites each escape in `json` that is half of a pair without its other half with that of U+FFFD, the replacement
// character. Nothing moves.
void ReplaceLoneSurrogates(std::string& json);

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_SURROGATES_H_
