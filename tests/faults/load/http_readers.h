// Readers over HTTP. They read as fast as they can.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_HTTP_READERS_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_HTTP_READERS_H_

#include <optional>
#include <string>

#include "tests/faults/load/reader.h"
#include "tests/support/event_source.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {

// Server-sent events.
class EventSourceReader final : public Reader {
 public:
  // `address` is HOST:PORT. Returns once the stream has started.
  EventSourceReader(const std::string& address, const NumberedLog& log, Tally& tally);

  void Read() override;
  bool done() const override { return order_.at_end(); }

 private:
  InOrder order_;
  EventSource source_;
};

// Pages from the beginning to the end, repeatedly.
class PageReader final : public Reader {
 public:
  // `address` is HOST:PORT. Reads the first page.
  PageReader(std::string address, const NumberedLog& log, Tally& tally);

  void Read() override;
  bool done() const override { return order_.at_end(); }

 private:
  const std::string address_;
  InOrder order_;
  std::optional<HttpConnection> connection_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_HTTP_READERS_H_
