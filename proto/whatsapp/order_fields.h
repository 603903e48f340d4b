// An order from a catalogue.
#ifndef PLAYHEAD_PROTO_WHATSAPP_ORDER_FIELDS_H_
#define PLAYHEAD_PROTO_WHATSAPP_ORDER_FIELDS_H_

#include "photon/whatsapp/v1/content.pb.h"
#include "proto/whatsapp/json_reader.h"

namespace playhead::whatsapp {

namespace v1 = photon::whatsapp::v1;

inline constexpr Field<v1::OrderProductItem> kOrderProductItemFields[] = {
    {"product_retailer_id", Text<&v1::OrderProductItem::mutable_product_retailer_id>},
    {"quantity", Number<&v1::OrderProductItem::set_quantity>},
    {"item_price", Number<&v1::OrderProductItem::set_item_price>},
    {"currency", Text<&v1::OrderProductItem::mutable_currency>},
};

inline constexpr Field<v1::OrderContent> kOrderFields[] = {
    {"catalog_id", Text<&v1::OrderContent::mutable_catalog_id>},
    {"product_items",
     List<&v1::OrderContent::add_product_items, &v1::OrderContent::clear_product_items, kOrderProductItemFields>},
    {"text", Text<&v1::OrderContent::mutable_text>},
};

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_ORDER_FIELDS_H_
