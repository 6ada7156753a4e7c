// What the leak checker shall not report: gRPC's name resolver keeps the name it resolved last until the process ends.
extern "C" const char* __lsan_default_suppressions();                               // NOLINT: the name is the checker's
extern "C" const char* __lsan_default_suppressions() { return "leak:libcares\n"; }  // NOLINT
