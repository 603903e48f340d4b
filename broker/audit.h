// Audit: a record of every administrative act, in a log of the broker itself that is read like any other.
#ifndef PLAYHEAD_BROKER_AUDIT_H_
#define PLAYHEAD_BROKER_AUDIT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "storage/event_log.h"

namespace playhead::broker {

// The instance that holds the records. Appends to it from outside are refused; reading it needs the permission
// `manage`.
inline constexpr absl::string_view kAuditInstance = "playhead.audit";

struct AuditEntry {
  std::string actor;    // The key id of who acts; "admin", or empty for anybody on a broker that runs open.
  std::string action;   // The event's type: `audit.key_created`, `audit.instance_deleted`.
  std::string subject;  // What it is done to: a key id, an instance.
  std::string detail;   // More, for people; UTF-8. Never a secret.
};

// Thread safety: all methods may be called from any thread.   Blocking: none.   Ownership: borrows `log`.
class Audit {
 public:
  explicit Audit(storage::EventLog& log) : log_(log) {}

  // Appends one event whose data is the JSON object {"actor":...,"subject":...,"detail":...}, and calls `done` when it
  // is durable, on a thread of the log. Whoever acts does so only then, and not at all if that failed: so there may be
  // a record of an act that then failed, and never an act without a record. Errors as AppendSession::Append.
  void Record(const AuditEntry& entry, storage::StatusCallback done);

 private:
  storage::EventLog& log_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUDIT_H_
