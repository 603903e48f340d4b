// Audit: a record of every administrative action, in a log of the broker's own that is read like any other.
#ifndef PLAYHEAD_BROKER_AUDIT_H_
#define PLAYHEAD_BROKER_AUDIT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "storage/event_log.h"

namespace playhead::broker {

// The instance that holds the records. Clients cannot append to it; reading it needs the permission `manage`.
inline constexpr absl::string_view kAuditInstance = "playhead.audit";

struct AuditEntry {
  std::string actor;    // The caller's key id; "admin", or empty on a broker that runs open.
  std::string action;   // The event's type: `audit.key_created`, `audit.instance_deleted`.
  std::string subject;  // The key id or the instance that the action is about.
  std::string detail;   // More, for people to read; UTF-8. Never a secret.
};

// Thread safety: all methods may be called from any thread.   Blocking: none.   Ownership: borrows `log`.
class Audit {
 public:
  explicit Audit(storage::EventLog& log) : log_(log) {}

  // Appends one event whose data is the JSON object {"actor":...,"subject":...,"detail":...}, and calls `done` when it
  // is durable, on a thread of the log. The caller acts only after that, and not at all if it failed: an action that
  // fails may have a record, but no action lacks one. Errors as AppendSession::Append.
  void Record(const AuditEntry& entry, storage::StatusCallback done);

 private:
  storage::EventLog& log_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUDIT_H_
