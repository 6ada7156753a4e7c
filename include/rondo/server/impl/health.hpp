#pragma once

#include "rondo/server/health.hpp"

#include <grpc/health/v1/health.pb.h>

namespace rondo::server {

RONDO_SERVER_FUNCTION std::string watch_health(const frontend& of, std::string_view request) {
  grpc::health::v1::HealthCheckRequest asked;
  grpc::health::v1::HealthCheckResponse answer;
  asked.ParseFromArray(request.data(), static_cast<int>(request.size()));
  const bool known = asked.service().empty() || of.knows_service(asked.service());
  answer.set_status(known ? grpc::health::v1::HealthCheckResponse::SERVING
                          : grpc::health::v1::HealthCheckResponse::SERVICE_UNKNOWN);
  return answer.SerializeAsString();
}

RONDO_SERVER_FUNCTION void serve_health(frontend& at) {
  at.on<grpc::health::v1::HealthCheckRequest>("grpc.health.v1.Health/Check",
                                              [&at](core&, const grpc::health::v1::HealthCheckRequest& asked) {
                                                if (!asked.service().empty() && !at.knows_service(asked.service())) {
                                                  throw refusal(rpc_code::not_found, "unknown service");
                                                }
                                                grpc::health::v1::HealthCheckResponse answer;
                                                answer.set_status(grpc::health::v1::HealthCheckResponse::SERVING);
                                                return answer;
                                              });
}

}  // namespace rondo::server
