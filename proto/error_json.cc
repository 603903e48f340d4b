#include "proto/error_json.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace playhead {

std::string ErrorJson(const v1::Error& error) {
  boost::json::object fields;
  fields["code"] = error.code();
  fields["message"] = error.message();
  fields["retryable"] = error.retryable();
  if (error.has_first_cursor()) fields["first_cursor"] = error.first_cursor();
  if (error.has_head_cursor()) fields["head_cursor"] = error.head_cursor();
  if (error.has_last_good_cursor()) fields["last_good_cursor"] = error.last_good_cursor();
  if (error.has_next_sequence()) fields["next_sequence"] = error.next_sequence();
  if (error.has_retry_after_ms()) fields["retry_after_ms"] = error.retry_after_ms();
  if (!error.limit().empty()) fields["limit"] = error.limit();
  return boost::json::serialize(fields);
}

}  // namespace playhead
