#include "tests/fuzz/targets.h"

#include "tests/fuzz/append_targets.h"
#include "tests/fuzz/broker_targets.h"
#include "tests/fuzz/command_line_targets.h"
#include "tests/fuzz/connection_targets.h"
#include "tests/fuzz/dialect_targets.h"
#include "tests/fuzz/engineio_targets.h"
#include "tests/fuzz/http_targets.h"
#include "tests/fuzz/record_targets.h"
#include "tests/fuzz/request_targets.h"
#include "tests/fuzz/socketio_targets.h"
#include "tests/fuzz/store_targets.h"
#include "tests/fuzz/stored_rows_targets.h"
#include "tests/fuzz/text_targets.h"
#include "tests/fuzz/whatsapp_targets.h"

namespace playhead::fuzz {

absl::Span<const Target> Targets() {
  static constexpr Target kTargets[] = {
      {"append_line", &AppendLine},
      {"append_request", &AppendRequest},
      {"backup_files", &BackupFiles},
      {"block", &Block},
      {"broker_record", &BrokerRecord},
      {"client_batch", &ClientBatch},
      {"command_line_text", &CommandLineText},
      {"dialect_message", &DialectMessage},
      {"endpoint", &Endpoint},
      {"engineio_payload", &EngineIoPayload},
      {"engineio_session", &EngineIoSession},
      {"event", &Event},
      {"event_filter", &EventFilter},
      {"event_id", &EventId},
      {"grpc_call", &GrpcCall, 2'000},
      {"grpc_request", &GrpcRequest},
      {"http_append_body", &HttpAppendBody},
      {"http_connection", &HttpConnection},
      {"http_parameters", &HttpParameters},
      {"http_request", &HttpRequest},
      {"http_route", &HttpRoute},
      {"http_target", &HttpTarget},
      {"instance_patterns", &InstancePatterns},
      {"position", &Position},
      {"rendering", &Rendering},
      {"socketio_arguments", &SocketIoArguments},
      {"socketio_packet", &SocketIoPacket},
      {"store_record", &StoreRecord},
      {"stored_rows", &StoredRows, 2'000},
      {"token", &Token},
      {"upstream_gap", &UpstreamGap},
      {"webhook_body", &WebhookBody},
      {"websocket_connection", &WebSocketConnection},
      {"whatsapp_content", &WhatsAppContent},
      {"write_ahead_log", &WriteAheadLog},
  };
  return kTargets;
}

}  // namespace playhead::fuzz
