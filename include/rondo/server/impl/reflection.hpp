#pragma once

#include "rondo/server/reflection.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpc/health/v1/health.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>
#include <grpc/reflection/v1alpha/reflection.pb.h>
#include <temporal/api/operatorservice/v1/service.pb.h>
#include <temporal/api/testservice/v1/service.pb.h>
#include <temporal/api/workflowservice/v1/service.pb.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace rondo::server {

namespace detail_reflection {

using pool = google::protobuf::DescriptorPool;
using file = google::protobuf::FileDescriptor;

/// The files of all services. Nothing else refers to some of them, and what nobody refers to is not linked.
inline std::vector<const file*> service_files() {
  const google::protobuf::internal::DescriptorTable* tables[] = {
      &descriptor_table_temporal_2fapi_2fworkflowservice_2fv1_2fservice_2eproto,
      &descriptor_table_temporal_2fapi_2foperatorservice_2fv1_2fservice_2eproto,
      &descriptor_table_temporal_2fapi_2ftestservice_2fv1_2fservice_2eproto,
      &descriptor_table_grpc_2fhealth_2fv1_2fhealth_2eproto,
      &descriptor_table_grpc_2freflection_2fv1_2freflection_2eproto,
      &descriptor_table_grpc_2freflection_2fv1alpha_2freflection_2eproto,
  };
  std::vector<const file*> files;
  for (const auto* table : tables) {
    if (const auto* found = pool::generated_pool()->FindFileByName(table->filename)) files.push_back(found);
  }
  return files;
}

inline std::vector<std::string> service_names(const frontend& of) {
  std::vector<std::string> names;
  for (const auto* each : service_files()) {
    for (int index = 0; index < each->service_count(); ++index) {
      const std::string& name = each->service(index)->full_name();
      // Those of the listener are served without the frontend.
      if (name.starts_with("grpc.") || of.knows_service(name)) names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

template <class Request, class Response>
class stream final : public reflection_stream {
 public:
  explicit stream(const frontend& of) : frontend_(of) {}

  std::string answer(std::string_view bytes) override {
    Request request;
    request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    Response response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    fill(request, response);
    return response.SerializeAsString();
  }

 private:
  void fill(const Request& asked, Response& into) {
    switch (asked.message_request_case()) {
      case Request::kFileByFilename:
        return add_file(pool::generated_pool()->FindFileByName(asked.file_by_filename()), asked.file_by_filename(),
                        into);
      case Request::kFileContainingSymbol:
        return add_file(pool::generated_pool()->FindFileContainingSymbol(asked.file_containing_symbol()),
                        asked.file_containing_symbol(), into);
      case Request::kFileContainingExtension:
        return add_extension(asked.file_containing_extension(), into);
      case Request::kAllExtensionNumbersOfType:
        return add_extension_numbers(asked.all_extension_numbers_of_type(), into);
      case Request::kListServices: {
        auto& list = *into.mutable_list_services_response();
        for (auto& name : service_names(frontend_)) list.add_service()->set_name(std::move(name));
        return;
      }
      case Request::MESSAGE_REQUEST_NOT_SET:
        break;
    }
    fail(rpc_code::invalid_argument, "the request asks for nothing that is known", into);
  }

  void add_file(const file* found, const std::string& wanted, Response& into) {
    if (found == nullptr) return fail(rpc_code::not_found, "not found: " + wanted, into);
    auto& answer = *into.mutable_file_descriptor_response();
    add_closure(*found, answer);
    // The same file again: the stream has had its imports already.
    if (answer.file_descriptor_proto_size() == 0) add_one(*found, answer);
  }
  template <class Files>
  void add_closure(const file& which, Files& into) {
    if (!sent_.insert(&which).second) return;
    add_one(which, into);
    for (int index = 0; index < which.dependency_count(); ++index) add_closure(*which.dependency(index), into);
  }
  template <class Files>
  static void add_one(const file& which, Files& into) {
    google::protobuf::FileDescriptorProto proto;
    which.CopyTo(&proto);
    proto.SerializeToString(into.add_file_descriptor_proto());
  }
  template <class Extension>
  void add_extension(const Extension& asked, Response& into) {
    const auto* type = pool::generated_pool()->FindMessageTypeByName(asked.containing_type());
    const auto* found = type ? pool::generated_pool()->FindExtensionByNumber(type, asked.extension_number()) : nullptr;
    add_file(found ? found->file() : nullptr, asked.containing_type(), into);
  }
  static void add_extension_numbers(const std::string& name, Response& into) {
    const auto* type = pool::generated_pool()->FindMessageTypeByName(name);
    if (type == nullptr) return fail(rpc_code::not_found, "not found: " + name, into);
    std::vector<const google::protobuf::FieldDescriptor*> all;
    pool::generated_pool()->FindAllExtensions(type, &all);
    auto& answer = *into.mutable_all_extension_numbers_response();
    answer.set_base_type_name(name);
    for (const auto* each : all) answer.add_extension_number(each->number());
  }
  static void fail(rpc_code code, const std::string& text, Response& into) {
    into.mutable_error_response()->set_error_code(static_cast<int>(code));
    into.mutable_error_response()->set_error_message(text);
  }

  const frontend& frontend_;
  std::set<const file*> sent_;
};

}  // namespace detail_reflection

RONDO_SERVER_FUNCTION std::unique_ptr<reflection_stream> open_reflection(std::string_view path, const frontend& of) {
  namespace v1 = grpc::reflection::v1;
  namespace v1alpha = grpc::reflection::v1alpha;
  using detail_reflection::stream;
  if (path == "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo") {
    return std::make_unique<stream<v1::ServerReflectionRequest, v1::ServerReflectionResponse>>(of);
  }
  if (path == "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo") {
    return std::make_unique<stream<v1alpha::ServerReflectionRequest, v1alpha::ServerReflectionResponse>>(of);
  }
  return nullptr;
}

}  // namespace rondo::server
