#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client_fixture.hpp"
#include "rondo/client/interceptor.hpp"

// A client with two interceptors that do what a test wants.
namespace rondo::test::client_around_test {

using namespace client_test;
using texts_list = std::vector<std::string>;

/// Does with calls what the test wants, and notes when it is around them.
class meddler final : public client_interceptor {
 public:
  explicit meddler(std::string as, texts_list& to) : name(std::move(as)), noted(to) {}
  void outbound(client_call& call) override {
    if (before) before(call);
  }
  asio::awaitable<void> around(client_work& work, client_next next) override {
    noted.push_back(name + " begins " + std::string(work.method) + " " + std::string(work.name) + " " +
                    std::string(work.workflow_id));
    std::exception_ptr error;
    for (int i = 0; i < times; ++i) {
      error = nullptr;
      try {
        co_await next();
      } catch (const std::exception& thrown) {
        error = std::current_exception();
        noted.push_back(name + " catches " + thrown.what());
      }
    }
    noted.push_back(name + " ends");
    if (after) after(work, error);
    if (error) std::rethrow_exception(error);
  }

  std::string name;
  texts_list& noted;
  std::function<void(client_call&)> before;
  std::function<void(client_work&, std::exception_ptr&)> after;
  int times = 1;
};

class ClientAround : public ClientTest {
 protected:
  ClientAround() : ClientAround(std::make_shared<texts_list>()) {}
  explicit ClientAround(const std::shared_ptr<texts_list>& to)
      : ClientAround(to, std::make_shared<meddler>("a", *to), std::make_shared<meddler>("b", *to)) {}
  ClientAround(std::shared_ptr<texts_list> to, std::shared_ptr<meddler> outer, std::shared_ptr<meddler> inner)
      : ClientTest(options_with(outer, inner)),
        noted(std::move(to)),
        first(std::move(outer)),
        second(std::move(inner)) {}

  static client_options options_with(std::shared_ptr<meddler> outer, std::shared_ptr<meddler> inner) {
    client_options options;
    options.interceptors.push_back(std::move(outer));
    options.interceptors.push_back(std::move(inner));
    return options;
  }
  static payload json(std::string_view text) {
    payload made;
    made.metadata["encoding"] = "json/plain";
    made.data = text;
    return made;
  }
  texts_list taken() const { return std::exchange(*noted, {}); }
  /// A query that is answered with this.
  void answer_queries(const std::string& with) {
    service::QueryWorkflowResponse answer;
    add_json(*answer.mutable_query_result(), with);
    serve<service::QueryWorkflowRequest, service::QueryWorkflowResponse>("QueryWorkflow", answer);
  }
  int ask() const { return client->get_workflow_handle("w").query<int>("total").get(); }

  std::shared_ptr<texts_list> noted;
  std::shared_ptr<meddler> first, second;
};

}  // namespace rondo::test::client_around_test
