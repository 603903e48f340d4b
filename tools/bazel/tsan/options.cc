// How the thread sanitizer is set up in every program, and the reports that it is to keep to itself because the
// distribution's libraries hide from it what orders the accesses. Both are asked for before the sanitizer has started.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_suppressions();

extern "C" [[gnu::no_sanitize_thread]] const char* __tsan_default_options() {
  return "halt_on_error=1:second_deadlock_stack=1";
}

// A report is kept back if one frame of one of its stacks matches, so each line names one library, and says why. None
// names code of ours.
extern "C" [[gnu::no_sanitize_thread]] const char* __tsan_default_suppressions() {
  return R"(
# RocksDB orders its threads by mutexes, which are seen, and by atomics inside the library, which are not: what one thread
# has copied into a memtable, others compare there and copy out of it.
race:librocksdb.so
)";
}
