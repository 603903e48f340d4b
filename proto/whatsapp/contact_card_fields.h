// Contact cards that a user sent.
#ifndef PLAYHEAD_PROTO_WHATSAPP_CONTACT_CARD_FIELDS_H_
#define PLAYHEAD_PROTO_WHATSAPP_CONTACT_CARD_FIELDS_H_

#include "photon/whatsapp/v1/content.pb.h"
#include "proto/whatsapp/json_reader.h"

namespace playhead::whatsapp {

namespace v1 = photon::whatsapp::v1;

inline constexpr Field<v1::ContactName> kContactNameFields[] = {
    {"formatted_name", Text<&v1::ContactName::mutable_formatted_name>},
    {"first_name", Text<&v1::ContactName::mutable_first_name>},
    {"last_name", Text<&v1::ContactName::mutable_last_name>},
    {"middle_name", Text<&v1::ContactName::mutable_middle_name>},
    {"prefix", Text<&v1::ContactName::mutable_prefix>},
    {"suffix", Text<&v1::ContactName::mutable_suffix>},
};

inline constexpr Field<v1::ContactPhone> kContactPhoneFields[] = {
    {"phone", Text<&v1::ContactPhone::mutable_phone>},
    {"type", Text<&v1::ContactPhone::mutable_type>},
    {"wa_id", Text<&v1::ContactPhone::mutable_wa_id>},
};

inline constexpr Field<v1::ContactEmail> kContactEmailFields[] = {
    {"email", Text<&v1::ContactEmail::mutable_email>},
    {"type", Text<&v1::ContactEmail::mutable_type>},
};

inline constexpr Field<v1::ContactAddress> kContactAddressFields[] = {
    {"street", Text<&v1::ContactAddress::mutable_street>},
    {"city", Text<&v1::ContactAddress::mutable_city>},
    {"state", Text<&v1::ContactAddress::mutable_state>},
    {"zip", Text<&v1::ContactAddress::mutable_zip>},
    {"country", Text<&v1::ContactAddress::mutable_country>},
    {"country_code", Text<&v1::ContactAddress::mutable_country_code>},
    {"type", Text<&v1::ContactAddress::mutable_type>},
};

inline constexpr Field<v1::ContactOrg> kContactOrgFields[] = {
    {"company", Text<&v1::ContactOrg::mutable_company>},
    {"department", Text<&v1::ContactOrg::mutable_department>},
    {"title", Text<&v1::ContactOrg::mutable_title>},
};

inline constexpr Field<v1::ContactUrl> kContactUrlFields[] = {
    {"url", Text<&v1::ContactUrl::mutable_url>},
    {"type", Text<&v1::ContactUrl::mutable_type>},
};

inline constexpr Field<v1::ContactCard> kContactCardFields[] = {
    {"name", Object<&v1::ContactCard::mutable_name, kContactNameFields>},
    {"phones", List<&v1::ContactCard::add_phones, &v1::ContactCard::clear_phones, kContactPhoneFields>},
    {"emails", List<&v1::ContactCard::add_emails, &v1::ContactCard::clear_emails, kContactEmailFields>},
    {"addresses", List<&v1::ContactCard::add_addresses, &v1::ContactCard::clear_addresses, kContactAddressFields>},
    {"org", Object<&v1::ContactCard::mutable_org, kContactOrgFields>},
    {"urls", List<&v1::ContactCard::add_urls, &v1::ContactCard::clear_urls, kContactUrlFields>},
    {"birthday", Text<&v1::ContactCard::mutable_birthday>},
};

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_CONTACT_CARD_FIELDS_H_
