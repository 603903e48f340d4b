#include "storage/instances/log_instance.h"

#include <gtest/gtest.h>

namespace playhead::storage {
namespace {

InstanceState StateOf(uint64_t number) {
  InstanceState state;
  state.number = InstanceNumber(number);
  return state;
}

// A repetition that was resolved while the first append was in flight found it neither in memory nor on disk. What is
// learned of the producer later must count as newer than that, or the repetition would pass for new.
TEST(LogInstanceTest, WhatIsLearnedOfAProducerIsAsNewAsTheStoreThatItWasReadFrom) {
  LogInstance instance("a", StateOf(1));
  instance.LearnProducer("p", 5, /*durable_commit=*/7);
  ProducerState known;
  ASSERT_TRUE(instance.FindProducer("p", known));
  EXPECT_EQ(known.last_sequence, 5u);
  EXPECT_EQ(known.last_commit, 7u);
}

TEST(LogInstanceTest, ReloadedUnderAnotherNumberItIsDeleted) {
  for (const uint64_t number : {uint64_t{0}, uint64_t{2}}) {
    LogInstance instance("a", StateOf(1));
    instance.Reload(StateOf(1));
    EXPECT_FALSE(instance.deleted());
    instance.Reload(StateOf(number));
    EXPECT_TRUE(instance.deleted());
    EXPECT_EQ(instance.number(), InstanceNumber(1));
    EXPECT_FALSE(instance.assigned().exists);
  }
}

TEST(LogInstanceTest, ReloadedWithANumberThatItHadNotYetItIsThere) {
  LogInstance instance("a", StateOf(0));
  instance.Reload(StateOf(1));
  EXPECT_FALSE(instance.deleted());
  EXPECT_TRUE(instance.exists());
}

}  // namespace
}  // namespace playhead::storage
