// Readers of the dialects over WebSockets. They read as fast as they can, and fail the test if a connection ends.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_WEBSOCKET_READERS_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_WEBSOCKET_READERS_H_

#include <memory>
#include <string>

#include "tests/faults/load/reader.h"
#include "tests/integration/vzaps_client.h"
#include "tests/load/socketio_connection.h"
#include "tests/support/raw_websocket.h"

namespace playhead::testing {

// What VZaps' and MultiWA's have in common: they read a frame at a time, and answer pings.
class WebSocketReader : public Reader {
 public:
  void Read() override;
  bool done() const override { return order_.at_end(); }

 protected:
  WebSocketReader(const NumberedLog& log, Tally& tally, uint64_t after) : order_(log, tally, after) {}

  virtual RawWebSocket& socket() = 0;
  // Acknowledges the event in `text` if the dialect has acknowledgements. Fails the test if there is no event.
  virtual void OnText(const std::string& text) = 0;

  // The next text. Empty if the connection ended instead, which fails the test.
  std::string NextText();

  InOrder order_;
};

// Over VZaps' API. Acknowledges each event.
class VZapsReader final : public WebSocketReader {
 public:
  // `address` is HOST:PORT. Starts at the beginning of the log.
  VZapsReader(const std::string& address, const std::string& client, const NumberedLog& log, Tally& tally);

 protected:
  RawWebSocket& socket() override { return connection_->socket(); }
  void OnText(const std::string& text) override;

 private:
  std::unique_ptr<VZapsConnection> connection_;
};

// Over Socket.IO at /api/events, on a broker that runs open.
class SocketIoReader final : public Reader {
 public:
  // Returns once it is subscribed, at the end of the log. REQUIRES: nothing is appended meanwhile.
  SocketIoReader(const std::string& address, const NumberedLog& log, Tally& tally);

  void Read() override;
  bool done() const override { return order_.at_end(); }

 private:
  InOrder order_;
  SocketIoConnection connection_;
};

// Over the WebSocket of MultiWA's page.
class MultiWaReader final : public WebSocketReader {
 public:
  // As SocketIoReader.
  MultiWaReader(const std::string& address, const NumberedLog& log, Tally& tally);

 protected:
  RawWebSocket& socket() override { return socket_; }
  void OnText(const std::string& text) override;

 private:
  RawWebSocket socket_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_WEBSOCKET_READERS_H_
