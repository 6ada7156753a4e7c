#include "rondo/codecs/server.hpp"

#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "rondo/codecs/config.hpp"
#include "rondo/codecs/remote.hpp"
#include "rondo/config.hpp"
#include "rondo/detail/http/message.hpp"
#include "rondo/detail/http/server.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/payload_storage.hpp"
#include "support/envelope_codec.hpp"

namespace rondo::test::codec_server_test {

namespace http = rondo::detail::http;
using rondo::detail::data::codec_service;

payload text_payload(const std::string& text) {
  payload made;
  made.metadata["encoding"] = "json/plain";
  made.data = text;
  return made;
}

codec_server_options sealing() {
  codec_server_options made;
  made.codecs = {std::make_shared<envelope_codec>("sealed")};
  return made;
}

http::request post(const std::string& path, const std::string& body) {
  http::request made("POST", path, body);
  made.headers.add("X-Namespace", "shop");
  return made;
}

// {"encoding": "json/plain"} and "42".
const std::string plain = R"({"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"NDI="}]})";

TEST(codec_service, encodes_and_decodes_what_the_protocol_says) {
  const codec_service service(sealing());
  const auto encoded = service.answer(post("/a/b/encode", plain));
  ASSERT_EQ(encoded.status, 200) << encoded.body;
  EXPECT_EQ(encoded.headers.get("Content-Type"), "application/json");
  const auto inside = detail::data::payloads_from_json(encoded.body);
  ASSERT_EQ(inside.size(), 1U);
  EXPECT_EQ(inside[0].encoding(), "sealed");
  EXPECT_EQ(inside[0].entry("owner"), "shop/");
  const auto decoded = service.answer(post("/decode", encoded.body));
  EXPECT_EQ(decoded.status, 200);
  EXPECT_EQ(decoded.body, plain);
}

TEST(codec_service, refuses_what_it_does_not_know) {
  const codec_service service(sealing());
  EXPECT_EQ(service.answer(http::request("GET", "/encode")).status, 404);
  EXPECT_EQ(service.answer(post("/else", plain)).status, 404);
  const auto bad = service.answer(post("/encode", "{"));
  EXPECT_EQ(bad.status, 400);
  EXPECT_TRUE(bad.body.starts_with("these are no payloads: ")) << bad.body;
  auto foreign = post("/decode", service.answer(post("/encode", plain)).body);
  foreign.headers.set("X-Namespace", "other");
  EXPECT_EQ(service.answer(foreign).status, 400);
  EXPECT_EQ(service.answer(post("/download", plain)).status, 400);
}

TEST(codec_service, answers_the_allowed_web_page_alone) {
  auto options = sealing();
  options.allowed_origin = "http://localhost:8233";
  const codec_service service(options);
  http::request before("OPTIONS", "/decode");
  before.headers.add("Origin", "http://localhost:8233");
  const auto allowed = service.answer(before);
  EXPECT_EQ(allowed.status, 204);
  EXPECT_EQ(allowed.headers.get("Access-Control-Allow-Origin"), "http://localhost:8233");
  EXPECT_EQ(allowed.headers.get("Access-Control-Allow-Headers"), "Authorization, Content-Type, X-Namespace");
  before.headers.set("Origin", "http://elsewhere");
  EXPECT_FALSE(service.answer(before).headers.has("Access-Control-Allow-Origin"));
}

TEST(codec_service, asks_whether_a_request_is_allowed) {
  auto options = sealing();
  options.authorize = [](std::string_view who, std::string_view name) { return who == "Bearer ok" && name == "shop"; };
  const codec_service service(options);
  auto request = post("/encode", plain);
  EXPECT_EQ(service.answer(request).status, 403);
  request.headers.add("Authorization", "Bearer ok");
  EXPECT_EQ(service.answer(request).status, 200);
}

TEST(codec_service, references_without_storage_are_refused_unless_they_are_kept) {
  const codec_service service(codec_server_options{});
  payload reference = text_payload("{}");
  reference.metadata["encoding"] = "json/protobuf";
  reference.metadata["messageType"] = "temporal.api.sdk.v1.ExternalStorageReference";
  const std::string body = detail::data::payloads_to_json(std::vector{reference});
  const auto refused = service.answer(post("/decode", body));
  EXPECT_EQ(refused.status, 400);
  EXPECT_TRUE(refused.body.starts_with("[TMPRL1105]")) << refused.body;
  EXPECT_EQ(service.answer(post("/decode?preserveStorageRefs=true", body)).body, body);
}

/// Has one payload, whatever it is asked for.
class one_payload final : public storage_driver {
 public:
  explicit one_payload(const payload& kept) : kept_(detail::data::payload_bytes(kept)) {}
  std::string name() const override { return "one"; }
  storage_claim store(std::string_view /*serialized*/, const serialization_context& /*whose*/) const override {
    return {};
  }
  std::string retrieve(const storage_claim& /*claim*/, const serialization_context& /*whose*/) const override {
    return kept_;
  }

 private:
  std::string kept_;
};

TEST(codec_service, fetches_what_lies_in_storage_and_decodes_it) {
  auto options = sealing();
  payload kept = text_payload("42");
  options.codecs.front()->encode(std::span(&kept, 1), {.namespace_ = "shop"});
  options.storage = std::make_shared<payload_storage>(
      std::vector<std::shared_ptr<const storage_driver>>{std::make_shared<one_payload>(kept)}, 1);
  const codec_service service(options);
  payload reference = text_payload("");
  EXPECT_TRUE(options.storage->store(reference, "x", {}));
  const std::string body = detail::data::payloads_to_json(std::vector{reference});
  for (const auto* path : {"/decode", "/download", "/download?preserveStorageRefs=true"}) {
    const auto answer = service.answer(post(path, body));
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.body, plain) << path;
  }
  EXPECT_EQ(service.answer(post("/decode?preserveStorageRefs=true", body)).body, body);
}

// ---- over the network

class serving {
 public:
  explicit serving(codec_server_options options)
      : server_(std::move(options), "127.0.0.1:0"), thread_([this] { server_.run(); }) {}
  ~serving() {
    server_.stop();
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }

 private:
  codec_server server_;
  std::thread thread_;
};

TEST(remote_codec, lets_a_server_do_the_work) {
  auto options = sealing();
  options.authorize = [](std::string_view who, std::string_view) { return who == "Bearer ok"; };
  const serving server(options);
  const remote_codec codec({.endpoint = server.url() + "/{namespace}/", .authorization = "Bearer ok"});
  EXPECT_TRUE(codec.is_slow());
  std::vector<payload> both = {text_payload("1"), text_payload(std::string("\0\xFF", 2))};
  const auto before = both;
  const serialization_context context{.namespace_ = "shop"};
  codec.encode(both, context);
  EXPECT_EQ(both[0].encoding(), "sealed");
  EXPECT_EQ(both[1].entry("owner"), "shop/");
  codec.decode(both, context);
  EXPECT_EQ(both, before);
  codec.encode(std::span<payload>(), context);
  const remote_codec stranger({.endpoint = server.url()});
  try {
    stranger.encode(both, context);
    ADD_FAILURE() << "the server let a stranger in";
  } catch (const codec_error& refused) {
    EXPECT_EQ(std::string(refused.what()),
              "the codec server at " + server.url() + "/encode answered with status 403: not allowed\n");
  }
}

/// Answers everything with the same.
class saying {
 public:
  explicit saying(std::string body)
      : server_(loop_, http::parse_address("127.0.0.1:0"), {},
                [this, body = std::move(body)](http::request what) -> asio::awaitable<http::response> {
                  seen.push_back(std::move(what));
                  co_return http::response(200, body);
                }),
        thread_([this] { loop_.run(); }) {}
  ~saying() {
    loop_.stop();
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.listening().port); }

  std::vector<http::request> seen;

 private:
  detail::io::event_loop loop_;
  http::server server_;
  std::thread thread_;
};

TEST(remote_codec, sends_what_the_options_say) {
  saying server(plain);
  std::vector<payload> one = {text_payload("1")};
  remote_codec({.endpoint = server.url(), .headers = {{"X-Tenant", "t-7"}}}).encode(one, {.namespace_ = "shop"});
  ASSERT_EQ(server.seen.size(), 1U);
  EXPECT_EQ(server.seen[0].headers.get("X-Tenant"), "t-7");
  EXPECT_EQ(server.seen[0].headers.get("X-Namespace"), "shop");
  EXPECT_EQ(server.seen[0].headers.get("Content-Type"), "application/json");
  EXPECT_EQ(one[0].data, "42");
}

TEST(remote_codec, takes_no_other_answer_than_as_many_payloads) {
  const saying server(plain);
  std::vector<payload> both = {text_payload("1"), text_payload("2")};
  const auto before = both;
  try {
    remote_codec({.endpoint = server.url()}).decode(both, {});
    ADD_FAILURE() << "a payload is missing";
  } catch (const codec_error& failed) {
    EXPECT_EQ(std::string(failed.what()), "the codec server at " + server.url() + "/decode gave 1 payloads for 2");
  }
  EXPECT_EQ(both, before);
  both.pop_back();
  EXPECT_THROW(remote_codec({.endpoint = server.url(), .max_response_size = plain.size() - 1}).decode(both, {}),
               codec_error);
  EXPECT_NO_THROW(remote_codec({.endpoint = server.url(), .max_response_size = plain.size()}).decode(both, {}));
}

TEST(remote_codec, a_server_that_is_not_there_is_an_error) {
  std::string url;
  {
    const serving server(sealing());
    url = server.url();
  }
  std::vector<payload> one = {text_payload("1")};
  EXPECT_THROW(remote_codec({.endpoint = url}).encode(one, {}), codec_error);
  EXPECT_THROW(remote_codec({.endpoint = "localhost:8081"}), std::invalid_argument);
}

TEST(remote_codec, comes_from_the_settings) {
  const serving server(sealing());
  config_source from{.use_file = false, .environment = environment_variables{}};
  EXPECT_EQ(load_remote_codec(from), nullptr);
  (*from.environment)["TEMPORAL_CODEC_ENDPOINT"] = server.url();
  const auto codec = load_remote_codec(from);
  ASSERT_NE(codec, nullptr);
  std::vector<payload> one = {text_payload("1")};
  codec->encode(one, {});
  EXPECT_EQ(one[0].encoding(), "sealed");
  (*from.environment)["TEMPORAL_CODEC_ENDPOINT"] = "localhost:1";
  EXPECT_THROW(static_cast<void>(load_remote_codec(from)), std::invalid_argument);
}

}  // namespace rondo::test::codec_server_test
