// The thread sanitizer's options in every program, and its suppressions: reports about accesses whose order it cannot
// see, inside the distribution's libraries. Both functions are called before the sanitizer has started.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_suppressions();

extern "C" [[gnu::no_sanitize_thread]] const char* __tsan_default_options() {
  return "halt_on_error=1:second_deadlock_stack=1";
}

// A report is suppressed if one frame of one of its stacks matches, so each line names one library, and says why. None
// names our own code.
extern "C" [[gnu::no_sanitize_thread]] const char* __tsan_default_suppressions() {
  return R"(
# RocksDB orders its threads by mutexes, which are seen, and by atomics inside the library, which are not: what one thread
# has copied into a memtable, others compare there and copy out of it.
race:librocksdb.so
# Abseil guards its graph of mutexes, which finds deadlocks, by a spin lock inside the library.
race:libabsl_graphcycles_internal.so
)";
}
