// One of two shared libraries that a program loads, each with a workflow of its own and with all that Rondo links to.
#include <temporal/api/workflowservice/v1/request_response.pb.h>
#include <rondo/registry.hpp>
#include <rondo/workflow.hpp>

#include <string>

namespace {

rondo::task<std::string> greet(std::string name) { co_return "hello " + name; }

}  // namespace

/// The name of its workflow, out of a message of the server's.
extern "C" const char* PART() {
  static const std::string name = [] {
    rondo::registry app;
    app.workflow<greet>({.name = PART_NAME});
    temporal::api::workflowservice::v1::StartWorkflowExecutionRequest request, copy;
    request.mutable_workflow_type()->set_name(app.workflow_names().front());
    copy.ParseFromString(request.SerializeAsString());
    return copy.GetDescriptor()->name() + " of " + copy.workflow_type().name();
  }();
  return name.c_str();
}
