#pragma once
// The headers that most tests of the upper layers read, precompiled once for all of them.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>
#include <asio.hpp>
