// expect: nothing is sent until it is awaited, or driven with get()
#include "rondo/client.hpp"

#pragma GCC diagnostic error "-Wunused-result"

void cancels(rondo::client& client) { client.get_workflow_handle("id").cancel(); }
