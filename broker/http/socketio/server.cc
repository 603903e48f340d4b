#include "broker/http/socketio/server.h"

#include <utility>

#include "broker/http/socketio/connection.h"

namespace playhead::broker::http::socketio {

Server::Server(const Options& options, TimerQueue& timers, Application& application)
    : engine_(options.engine, timers,
              [&timers, &application, timeout = options.connect_timeout](std::shared_ptr<engineio::Session> session) {
                return Connection::Start(std::move(session), application, timers, timeout);
              }) {}

}  // namespace playhead::broker::http::socketio
