#include "broker/http/engineio/strand.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace playhead::broker::http::engineio {
namespace {

TEST(StrandTest, TasksOfManyThreadsRunOneAtATime) {
  Strand strand;
  constexpr int kThreads = 4;
  constexpr int kTasks = 20'000;
  int count = 0;  // Without a lock: the strand is one.
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&strand, &count] {
      for (int task = 0; task < kTasks; ++task) strand.Run([&count] { ++count; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  int at_end = 0;
  strand.Run([&] { at_end = count; });
  EXPECT_EQ(at_end, kThreads * kTasks);
}

TEST(StrandTest, WhatATaskBringsRunsBehindIt) {
  Strand strand;
  std::vector<int> order;
  strand.Run([&] {
    strand.Run([&order] { order.push_back(2); });
    order.push_back(1);
  });
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(StrandTest, ATaskIsLetGoBeforeTheNext) {
  Strand strand;
  auto held = std::make_shared<int>();
  strand.Run([&strand, &held, copy = held] { strand.Run([&held] { EXPECT_EQ(held.use_count(), 1); }); });
}

}  // namespace
}  // namespace playhead::broker::http::engineio
