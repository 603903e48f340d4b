// The content of messages, kind by kind: a row for each webhook field that InboundMessage has.
#include <gtest/gtest.h>

#include "tests/proto/whatsapp/content_rows.h"

namespace playhead::whatsapp {
namespace {

TEST(ContentTest, Text) {
  ExpectMessages({
      {"text.body", R"("type":"text","text":{"body":"hello"})", R"(type: "text" text { body: "hello" })"},
      {"text.preview_url, never sent inbound", R"("type":"text","text":{"body":"b","preview_url":true})",
       R"(type: "text" text { body: "b" })"},
      {"an empty text", R"("type":"text","text":{})", R"(type: "text" text {})"},
  });
}

TEST(ContentTest, Media) {
  ExpectMessages({
      {"image.id, mime_type, sha256, caption",
       R"("type":"image","image":{"id":"7","mime_type":"image/jpeg","sha256":"ab=","caption":"look"})",
       R"(type: "image" image { id: "7" mime_type: "image/jpeg" sha256: "ab=" caption: "look" })"},
      {"video.id, mime_type, sha256, caption",
       R"("type":"video","video":{"id":"7","mime_type":"video/mp4","sha256":"ab=","caption":"look"})",
       R"(type: "video" video { id: "7" mime_type: "video/mp4" sha256: "ab=" caption: "look" })"},
      {"audio.id, mime_type, sha256, voice",
       R"("type":"audio","audio":{"id":"7","mime_type":"audio/ogg; codecs=opus","sha256":"ab=","voice":true})",
       R"(type: "audio" audio { id: "7" mime_type: "audio/ogg; codecs=opus" sha256: "ab=" voice: true })"},
      {"audio.voice false is not absent", R"("type":"audio","audio":{"id":"7","mime_type":"audio/aac","voice":false})",
       R"(type: "audio" audio { id: "7" mime_type: "audio/aac" voice: false })"},
      {"document.id, mime_type, sha256, caption, filename",
       R"("type":"document","document":{"id":"7","mime_type":"application/pdf","sha256":"ab=","caption":"c",)"
       R"("filename":"a.pdf"})",
       R"(type: "document" document { id: "7" mime_type: "application/pdf" sha256: "ab=" caption: "c" )"
       R"(filename: "a.pdf" })"},
      {"a media's url has no field", R"("type":"image","image":{"id":"7","mime_type":"i/j","url":"https://x/y"})",
       R"(type: "image" image { id: "7" mime_type: "i/j" })"},
      {"sticker.id, mime_type, sha256, animated",
       R"("type":"sticker","sticker":{"id":"7","mime_type":"image/webp","sha256":"ab=","animated":true})",
       R"(type: "sticker" sticker { id: "7" mime_type: "image/webp" sha256: "ab=" animated: true })"},
      {"sticker.animated false is not absent",
       R"("type":"sticker","sticker":{"id":"7","mime_type":"image/webp","animated":false})",
       R"(type: "sticker" sticker { id: "7" mime_type: "image/webp" animated: false })"},
  });
}

TEST(ContentTest, Location) {
  ExpectMessages({
      {"location.latitude, longitude, name, address",
       R"("type":"location","location":{"latitude":-53.040129,"longitude":2.5,"name":"Depot","address":"Main St 1"})",
       R"(type: "location" location { latitude: -53.040129 longitude: 2.5 name: "Depot" address: "Main St 1" })"},
      {"location.url has no field; whole numbers",
       R"("type":"location","location":{"latitude":10,"longitude":-0,"url":"https://x"})",
       R"(type: "location" location { latitude: 10 longitude: -0.0 })"},
  });
}

TEST(ContentTest, Contacts) {
  ExpectMessages({
      {"contacts[].name",
       R"("type":"contacts","contacts":[{"name":{"formatted_name":"Dr A B C","first_name":"A","last_name":"C",)"
       R"("middle_name":"B","prefix":"Dr","suffix":"MD"}}])",
       R"(type: "contacts" contacts { name { formatted_name: "Dr A B C" first_name: "A" last_name: "C" )"
       R"(middle_name: "B" prefix: "Dr" suffix: "MD" } })"},
      {"contacts[].phones[]",
       R"("type":"contacts","contacts":[{"phones":[{"phone":"+55 1","type":"CELL","wa_id":"551"},{"phone":"2"}]}])",
       R"(type: "contacts" contacts { phones { phone: "+55 1" type: "CELL" wa_id: "551" } phones { phone: "2" } })"},
      {"contacts[].emails[]", R"("type":"contacts","contacts":[{"emails":[{"email":"a@b","type":"WORK"}]}])",
       R"(type: "contacts" contacts { emails { email: "a@b" type: "WORK" } })"},
      {"contacts[].addresses[]",
       R"("type":"contacts","contacts":[{"addresses":[{"street":"Main 1","city":"X","state":"Y","zip":"0",)"
       R"("country":"Brazil","country_code":"BR","type":"HOME"}]}])",
       R"(type: "contacts" contacts { addresses { street: "Main 1" city: "X" state: "Y" zip: "0" country: "Brazil" )"
       R"(country_code: "BR" type: "HOME" } })"},
      {"contacts[].org", R"("type":"contacts","contacts":[{"org":{"company":"C","department":"D","title":"T"}}])",
       R"(type: "contacts" contacts { org { company: "C" department: "D" title: "T" } })"},
      {"contacts[].urls[]", R"("type":"contacts","contacts":[{"urls":[{"url":"https://x","type":"WORK"}]}])",
       R"(type: "contacts" contacts { urls { url: "https://x" type: "WORK" } })"},
      {"contacts[].birthday", R"("type":"contacts","contacts":[{"birthday":"1990-01-02"},{}])",
       R"(type: "contacts" contacts { birthday: "1990-01-02" } contacts {})"},
  });
}

TEST(ContentTest, Reaction) {
  ExpectMessages({
      {"reaction.message_id, emoji", R"("type":"reaction","reaction":{"message_id":"wamid.0","emoji":"\ud83d\udc4d"})",
       "type: \"reaction\" reaction { message_id: \"wamid.0\" emoji: \"\xf0\x9f\x91\x8d\" }"},
      {"reaction.emoji absent: removed", R"("type":"reaction","reaction":{"message_id":"wamid.0"})",
       R"(type: "reaction" reaction { message_id: "wamid.0" emoji: "" })"},
  });
}

TEST(ContentTest, Interactive) {
  ExpectMessages({
      {"interactive.type, button_reply.id, title",
       R"("type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"yes","title":"Yes"}})",
       R"(type: "interactive" interactive { type: "button_reply" button_reply { id: "yes" title: "Yes" } })"},
      {"interactive.list_reply.id, title, description",
       R"("type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"1","title":"T",)"
       R"("description":"D"}})",
       R"(type: "interactive" interactive { type: "list_reply" list_reply { id: "1" title: "T" description: "D" } })"},
      {"interactive.nfm_reply.name, body, response_json",
       R"("type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"name":"flow","body":"Sent",)"
       R"("response_json":"{\"slot\": 2}"}})",
       R"(type: "interactive" interactive { type: "nfm_reply" )"
       R"(nfm_reply { name: "flow" body: "Sent" response_json: "{\"slot\": 2}" } })"},
      {"without a type: the reply's own", R"("type":"interactive","interactive":{"button_reply":{"id":"yes"}})",
       R"(type: "interactive" interactive { type: "button_reply" button_reply { id: "yes" } })"},
  });
}

TEST(ContentTest, Button) {
  ExpectMessages({
      {"button.text, payload", R"("type":"button","button":{"text":"Stop","payload":"STOP"})",
       R"(type: "button" button { text: "Stop" payload: "STOP" })"},
  });
}

TEST(ContentTest, Order) {
  ExpectMessages({
      {"order.catalog_id, text, product_items[].product_retailer_id, quantity, item_price, currency",
       R"("type":"order","order":{"catalog_id":"c","text":"t","product_items":[{"product_retailer_id":"sku",)"
       R"("quantity":2,"item_price":64.64,"currency":"BRL"},{"product_retailer_id":"b"}]})",
       R"(type: "order" order { catalog_id: "c" text: "t" product_items { product_retailer_id: "sku" quantity: 2 )"
       R"(item_price: 64.64 currency: "BRL" } product_items { product_retailer_id: "b" } })"},
      {"order.product_items[]: numbers as strings",
       R"("type":"order","order":{"product_items":[{"quantity":"3","item_price":"7.5"}]})",
       R"(type: "order" order { product_items { quantity: 3 item_price: 7.5 } })"},
      {"a whole quantity with a point", R"("type":"order","order":{"product_items":[{"quantity":3.0}]})",
       R"(type: "order" order { product_items { quantity: 3 } })"},
  });
}

TEST(ContentTest, System) {
  ExpectMessages({
      {"system.body, type, wa_id",
       R"("type":"system","system":{"body":"changed","type":"user_changed_number","wa_id":"552"})",
       R"(type: "system" system { body: "changed" type: "user_changed_number" wa_id: "552" })"},
      {"system.new_wa_id, the old name", R"("type":"system","system":{"body":"changed","new_wa_id":"552"})",
       R"(type: "system" system { body: "changed" new_wa_id: "552" })"},
  });
}

TEST(ContentTest, WhatHasNoFieldKeepsItsType) {
  ExpectMessages({
      {"unsupported", R"("type":"unsupported","errors":[{"code":131051,"title":"Message type unknown"}])",
       R"(type: "unsupported" errors { code: 131051 title: "Message type unknown" })"},
      {"unknown", R"("type":"unknown")", R"(type: "unknown")"},
      {"edit", R"("type":"edit","edit":{"original_message_id":"wamid.0"})", R"(type: "edit")"},
      {"revoke", R"("type":"revoke","revoke":{"original_message_id":"wamid.0"})", R"(type: "revoke")"},
      {"request_welcome", R"("type":"request_welcome")", R"(type: "request_welcome")"},
  });
}

}  // namespace
}  // namespace playhead::whatsapp
