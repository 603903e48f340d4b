// photon.whatsapp.v1 is another product's wire format: every message, field, number and type is pinned to the table
// that was read from the npm package @photon-ai/whatsapp-business 0.3.2.
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "photon/whatsapp/v1/media_service.grpc.pb.h"
#include "photon/whatsapp/v1/media_service.pb.h"
#include "photon/whatsapp/v1/message_service.grpc.pb.h"
#include "photon/whatsapp/v1/message_service.pb.h"

namespace photon::whatsapp::v1 {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// "NUMBER[MARK] NAME TYPE", with `?` for optional, `*` for repeated and `|` for a member of a oneof.
const std::map<std::string, std::string> kMessages = {
    {"StreamCursor", "1 value string"},
    {"Heartbeat", ""},
    {"Contact", "1 wa_id string, 2? name string"},
    {"Error", "1 code int32, 2 title string, 3? message string, 4? details string, 5? href string"},
    {"SubscribeEventsRequest", ""},
    {"SubscribeEventsResponse",
     "1 cursor StreamCursor, 10| message InboundMessage, 11| status StatusUpdate, "
     "99| heartbeat Heartbeat"},
    {"FetchMissedEventsRequest", "1 cursor StreamCursor, 2? limit int32"},
    {"FetchMissedEventsResponse", "1* events Event"},
    {"Event", "1 cursor StreamCursor, 10| message InboundMessage, 11| status StatusUpdate"},
    {"InboundMessage",
     "1 id string, 2 from string, 3 timestamp Timestamp, 4 type string, 5 contact Contact, 10? text TextContent, "
     "11? image InboundMediaContent, 12? video InboundMediaContent, 13? audio InboundMediaContent, "
     "14? document InboundMediaContent, 15? sticker InboundStickerContent, 16? location LocationContent, "
     "17* contacts ContactCard, 18? reaction ReactionContent, 19? interactive InboundInteractiveContent, "
     "20? button InboundButtonContent, 21? order OrderContent, 22? system SystemContent, 30? context MessageContext, "
     "31? referral Referral, 40* errors Error"},
    {"StatusUpdate",
     "1 id string, 2 status MessageStatus, 3 timestamp Timestamp, 4 recipient_id string, 10? conversation "
     "Conversation, "
     "11? pricing Pricing, 12* errors Error, 13? biz_opaque_callback_data string"},
    {"Conversation", "1 id string, 2 origin_type string, 3? expiration Timestamp"},
    {"Pricing", "1 billable bool, 2 pricing_model string, 3 type string, 4 category string"},
    {"TextContent", "1 body string, 2? preview_url bool"},
    {"LocationContent", "1 latitude double, 2 longitude double, 3? name string, 4? address string"},
    {"ReactionContent", "1 message_id string, 2 emoji string"},
    {"InboundMediaContent",
     "1 id string, 2 mime_type string, 3? sha256 string, 4? caption string, "
     "5? filename string, 6? voice bool"},
    {"InboundStickerContent", "1 id string, 2 mime_type string, 3? sha256 string, 4? animated bool"},
    {"InboundInteractiveContent",
     "1 type string, 2| button_reply InboundButtonReply, 3| list_reply InboundListReply, "
     "4| nfm_reply InboundNfmReply"},
    {"InboundButtonReply", "1 id string, 2 title string"},
    {"InboundListReply", "1 id string, 2 title string, 3? description string"},
    {"InboundNfmReply", "1? name string, 2? body string, 3 response_json string"},
    {"InboundButtonContent", "1 text string, 2 payload string"},
    {"OrderContent", "1 catalog_id string, 2* product_items OrderProductItem, 3? text string"},
    {"OrderProductItem", "1 product_retailer_id string, 2 quantity int32, 3 item_price double, 4 currency string"},
    {"SystemContent", "1 body string, 2 type string, 3? new_wa_id string, 4? wa_id string"},
    {"MessageContext",
     "1? forwarded bool, 2? frequently_forwarded bool, 3? from string, 4? id string, "
     "5? referred_product ReferredProduct"},
    {"ReferredProduct", "1 catalog_id string, 2 product_retailer_id string"},
    {"Referral", "1 source_url string, 2 source_type string, 3? source_id string, 4? headline string, 5? body string"},
    {"ContactCard",
     "1 name ContactName, 2* phones ContactPhone, 3* emails ContactEmail, 4* addresses ContactAddress, "
     "5? org ContactOrg, 6* urls ContactUrl, 7? birthday string"},
    {"ContactName",
     "1 formatted_name string, 2? first_name string, 3? last_name string, 4? middle_name string, "
     "5? prefix string, 6? suffix string"},
    {"ContactPhone", "1 phone string, 2? type string, 3? wa_id string"},
    {"ContactEmail", "1 email string, 2? type string"},
    {"ContactAddress",
     "1? street string, 2? city string, 3? state string, 4? zip string, 5? country string, "
     "6? country_code string, 7? type string"},
    {"ContactOrg", "1? company string, 2? department string, 3? title string"},
    {"ContactUrl", "1 url string, 2? type string"},

    // What is not served.
    {"SendMessageRequest",
     "1 to string, 10| text TextContent, 11| image MediaContent, 12| video MediaContent, 13| audio MediaContent, "
     "14| document MediaContent, 15| sticker MediaContent, 16| location LocationContent, "
     "17| reaction ReactionContent, 18| interactive InteractiveContent, 19| template TemplateContent, "
     "20* contacts ContactCard, 30? reply_to_message_id string, 31? biz_opaque_callback_data string"},
    {"SendMessageResponse", "1 message_id string, 2 message_status string"},
    {"MarkReadRequest", "1 message_id string, 2 typing_indicator bool"},
    {"MarkReadResponse", ""},
    {"MediaContent", "1? id string, 2? link string, 3? caption string, 4? filename string, 5? mime_type string"},
    {"InteractiveContent",
     "1 type string, 2? header InteractiveHeader, 3? body InteractiveBody, "
     "4? footer InteractiveFooter, 5? action InteractiveAction"},
    {"InteractiveHeader",
     "1 type string, 2? text string, 3? image MediaContent, 4? video MediaContent, "
     "5? document MediaContent"},
    {"InteractiveBody", "1 text string"},
    {"InteractiveFooter", "1 text string"},
    {"InteractiveAction",
     "1* buttons InteractiveButton, 2? button string, 3* sections InteractiveSection, "
     "4? catalog_id string, 5? product_retailer_id string, 6? name string, "
     "7? parameters InteractiveFlowParameters"},
    {"InteractiveButton", "1 type string, 2 reply InteractiveButtonReply"},
    {"InteractiveButtonReply", "1 id string, 2 title string"},
    {"InteractiveSection", "1? title string, 2* rows InteractiveSectionRow, 3* product_items InteractiveProductItem"},
    {"InteractiveSectionRow", "1 id string, 2 title string, 3? description string"},
    {"InteractiveProductItem", "1 product_retailer_id string"},
    {"InteractiveFlowParameters",
     "1 flow_message_version string, 2 flow_token string, 3 flow_id string, "
     "4 flow_cta string, 5? flow_action string, 6? flow_action_payload_json string"},
    {"TemplateContent", "1 name string, 2 language_code string, 3* components TemplateComponent"},
    {"TemplateComponent",
     "1 type string, 2* parameters TemplateParameter, 3? sub_type string, 4? index int32, "
     "5* cards TemplateCard"},
    {"TemplateCard", "1 card_index int32, 2* components TemplateComponent"},
    {"TemplateParameter",
     "1 type string, 2| text string, 3| image MediaContent, 4| video MediaContent, "
     "5| document MediaContent, 6| location LocationContent, 7| payload string, "
     "8| coupon_code string, 9| action_json string"},
    {"MediaServiceUploadRequest", "1 file bytes, 2 mime_type string, 3? filename string"},
    {"MediaServiceUploadResponse", "1 media_id string"},
    {"MediaServiceGetUrlRequest", "1 media_id string"},
    {"MediaServiceGetUrlResponse", "1 url string, 2 mime_type string, 3 file_size int64, 4 sha256 string"},
    {"MediaServiceDeleteRequest", "1 media_id string"},
    {"MediaServiceDeleteResponse", ""},
};

std::string Described(const FieldDescriptor& field) {
  const char* mark = field.is_repeated()                   ? "*"
                     : field.has_optional_keyword()        ? "?"
                     : field.containing_oneof() != nullptr ? "|"
                                                           : "";
  const std::string type = field.message_type() != nullptr ? field.message_type()->name()
                           : field.enum_type() != nullptr  ? field.enum_type()->name()
                                                           : field.type_name();
  return absl::StrCat(field.number(), mark, " ", field.name(), " ", type);
}

std::string Described(const Descriptor& message) {
  std::vector<std::string> fields;
  for (int i = 0; i < message.field_count(); ++i) fields.push_back(Described(*message.field(i)));
  return absl::StrJoin(fields, ", ");
}

// All files of the package.
std::vector<const FileDescriptor*> Files() {
  return {StreamCursor::descriptor()->file(),
          TextContent::descriptor()->file(),
          InboundMessage::descriptor()->file(),
          SendMessageRequest::descriptor()->file(),
          SubscribeEventsResponse::descriptor()->file(),
          MediaServiceUploadRequest::descriptor()->file()};
}

TEST(PhotonWireTest, EveryFieldHasTheNumberAndTypeOfTheSdk) {
  std::map<std::string, std::string> described;
  for (const FileDescriptor* const file : Files()) {
    EXPECT_EQ(file->package(), "photon.whatsapp.v1") << file->name();
    for (int i = 0; i < file->message_type_count(); ++i) {
      described[file->message_type(i)->name()] = Described(*file->message_type(i));
    }
  }
  EXPECT_EQ(described, kMessages);
}

TEST(PhotonWireTest, StatusesHaveTheNumbersOfTheSdk) {
  std::vector<std::string> values;
  for (int i = 0; i < MessageStatus_descriptor()->value_count(); ++i) {
    const auto* const value = MessageStatus_descriptor()->value(i);
    values.push_back(absl::StrCat(value->number(), " ", value->name()));
  }
  EXPECT_EQ(values, (std::vector<std::string>{"0 MESSAGE_STATUS_UNSPECIFIED", "1 MESSAGE_STATUS_SENT",
                                              "2 MESSAGE_STATUS_DELIVERED", "3 MESSAGE_STATUS_READ",
                                              "4 MESSAGE_STATUS_PLAYED", "5 MESSAGE_STATUS_FAILED"}));
}

TEST(PhotonWireTest, ServicesHaveTheMethodsOfTheSdk) {
  std::vector<std::string> methods;
  for (const FileDescriptor* const file : Files()) {
    for (int i = 0; i < file->service_count(); ++i) {
      const ServiceDescriptor* const service = file->service(i);
      for (int j = 0; j < service->method_count(); ++j) {
        const MethodDescriptor* const method = service->method(j);
        EXPECT_FALSE(method->client_streaming()) << method->full_name();
        methods.push_back(absl::StrCat(method->full_name(), " ", method->input_type()->name(), " ",
                                       method->server_streaming() ? "stream " : "", method->output_type()->name()));
      }
    }
  }
  EXPECT_EQ(methods, (std::vector<std::string>{
                         "photon.whatsapp.v1.MessageService.SendMessage SendMessageRequest SendMessageResponse",
                         "photon.whatsapp.v1.MessageService.MarkRead MarkReadRequest MarkReadResponse",
                         "photon.whatsapp.v1.MessageService.SubscribeEvents SubscribeEventsRequest stream "
                         "SubscribeEventsResponse",
                         "photon.whatsapp.v1.MessageService.FetchMissedEvents FetchMissedEventsRequest "
                         "FetchMissedEventsResponse",
                         "photon.whatsapp.v1.MediaService.Upload MediaServiceUploadRequest MediaServiceUploadResponse",
                         "photon.whatsapp.v1.MediaService.GetUrl MediaServiceGetUrlRequest MediaServiceGetUrlResponse",
                         "photon.whatsapp.v1.MediaService.Delete MediaServiceDeleteRequest MediaServiceDeleteResponse",
                     }));
  EXPECT_STREQ(MessageService::service_full_name(), "photon.whatsapp.v1.MessageService");
  EXPECT_STREQ(MediaService::service_full_name(), "photon.whatsapp.v1.MediaService");
}

}  // namespace
}  // namespace photon::whatsapp::v1
