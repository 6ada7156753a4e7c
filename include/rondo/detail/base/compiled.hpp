#pragma once

/// Functions that are no templates and more than a few lines long are in impl/ folders. By default the headers bring
/// these as inline functions; a program that defines RONDO_COMPILED links them from a library instead (the target
/// rondo::compiled), and compiles in less than half of the time.
#ifdef RONDO_COMPILED
#if defined(RONDO_HTTP2_TRANSPORT) || defined(RONDO_LITE_MESSAGES)
#error "rondo: the compiled library uses gRPC and full messages; a program with another transport links rondo::rondo"
#endif
#define RONDO_FUNCTION
#else
#define RONDO_FUNCTION inline
#endif
