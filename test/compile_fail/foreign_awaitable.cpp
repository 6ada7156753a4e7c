// expect: a workflow may only co_await rondo::task and rondo::workflow operations
#include <coroutine>

#include "rondo/workflow.hpp"

rondo::task<> waits() { co_await std::suspend_always{}; }
