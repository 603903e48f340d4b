#include "broker/http/socketio/server.h"

#include <utility>

#include "broker/http/socketio/connection.h"

namespace playhead::broker::http::socketio {

Server::Server(const Options& options, TimerQueue& timers)
    : options_(options), engine_(options.engine, timers, [this, &timers](std::shared_ptr<engineio::Session> session) {
        return Connection::Start(std::move(session), namespaces_, timers, options_.connect_timeout);
      }) {}

void Server::Add(const std::string& name_space, Application& application) {
  namespaces_.emplace(name_space, &application);
}

}  // namespace playhead::broker::http::socketio
