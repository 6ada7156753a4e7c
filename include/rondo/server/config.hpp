#pragma once

/// The server's functions are bodies in impl/. By default dev_server.hpp brings all of them as inline functions; a
/// program that defines RONDO_SERVER_COMPILED links them from a library instead (the target rondo::server).
#ifdef RONDO_SERVER_COMPILED
#define RONDO_SERVER_FUNCTION
#else
#define RONDO_SERVER_FUNCTION inline
#endif
