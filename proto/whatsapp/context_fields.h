// The message that a message replies to, and the referral that led to it.
#ifndef PLAYHEAD_PROTO_WHATSAPP_CONTEXT_FIELDS_H_
#define PLAYHEAD_PROTO_WHATSAPP_CONTEXT_FIELDS_H_

#include "photon/whatsapp/v1/inbound.pb.h"
#include "proto/whatsapp/json_reader.h"

namespace playhead::whatsapp {

namespace v1 = photon::whatsapp::v1;

inline constexpr Field<v1::ReferredProduct> kReferredProductFields[] = {
    {"catalog_id", Text<&v1::ReferredProduct::mutable_catalog_id>},
    {"product_retailer_id", Text<&v1::ReferredProduct::mutable_product_retailer_id>},
};

inline constexpr Field<v1::MessageContext> kContextFields[] = {
    {"forwarded", Flag<&v1::MessageContext::set_forwarded>},
    {"frequently_forwarded", Flag<&v1::MessageContext::set_frequently_forwarded>},
    {"from", Text<&v1::MessageContext::mutable_from>},
    {"id", Text<&v1::MessageContext::mutable_id>},
    {"referred_product", Object<&v1::MessageContext::mutable_referred_product, kReferredProductFields>},
};

inline constexpr Field<v1::Referral> kReferralFields[] = {
    {"source_url", Text<&v1::Referral::mutable_source_url>},
    {"source_type", Text<&v1::Referral::mutable_source_type>},
    {"source_id", Text<&v1::Referral::mutable_source_id>},
    {"headline", Text<&v1::Referral::mutable_headline>},
    {"body", Text<&v1::Referral::mutable_body>},
};

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_CONTEXT_FIELDS_H_
