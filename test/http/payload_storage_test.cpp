#include "rondo/payload_storage.hpp"

#include <gtest/gtest.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "rondo/data_options.hpp"
#include "rondo/detail/data/pipeline.hpp"
#include "rondo/detail/data/side_by_side.hpp"
#include "rondo/detail/http/server.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/storage/local_file.hpp"
#include "rondo/storage/s3.hpp"
#include "support/envelope_codec.hpp"
#include "support/scratch.hpp"
#include "support/stored.hpp"

namespace rondo::test::payload_storage_test {

namespace http = rondo::detail::http;
namespace io = rondo::detail::io;
namespace data = rondo::detail::data;
using request_type = temporal::api::workflowservice::v1::StartWorkflowExecutionRequest;

constexpr auto node = data::node::rpc_StartWorkflowExecutionRequest;
using stored::context, stored::error_of, stored::hash;

// ---- files

TEST(local_file_storage, gives_back_what_it_keeps) {
  const scratch folder;
  const local_file_storage files(folder.folder() / "payloads");
  EXPECT_EQ(files.type(), "local-file");
  const auto claim = files.store("abc", context);
  EXPECT_EQ(claim, (storage_claim{{"hash_algorithm", "sha256"}, {"hash_value", hash}}));
  EXPECT_EQ(files.store("abc", context), claim);
  EXPECT_EQ(files.retrieve(claim, {}), "abc");
  std::size_t count = 0;
  for (const auto& each : std::filesystem::recursive_directory_iterator(folder.folder())) {
    count += each.is_regular_file() ? 1U : 0U;
  }
  EXPECT_EQ(count, 1U);
}

TEST(local_file_storage, does_not_trust_files_and_claims) {
  const scratch folder;
  const local_file_storage files(folder.folder());
  const auto claim = files.store("abc", context);
  std::ofstream(folder.folder() / "ba" / hash) << "changed";
  EXPECT_EQ(error_of([&] { files.retrieve(claim, {}); }),
            "a payload in external storage is not the one that was stored");
  auto away = claim;
  away["hash_value"] = "../../../../../../../../../../etc/passwd";
  EXPECT_EQ(error_of([&] { files.retrieve(away, {}); }), "a reference to external storage has a hash that is none");
  away["hash_algorithm"] = "md5";
  EXPECT_EQ(error_of([&] { files.retrieve(away, {}); }),
            "a reference to external storage has a hash of an unknown kind");
  EXPECT_EQ(error_of([&] { files.retrieve({}, {}); }), "a reference to external storage has no 'hash_algorithm'");
  std::filesystem::remove(folder.folder() / "ba" / hash);
  EXPECT_TRUE(error_of([&] { files.retrieve(claim, {}); }).starts_with("cannot read '"));
  std::ofstream(folder.file("file")) << "";
  EXPECT_TRUE(
      error_of([&] { local_file_storage(folder.file("file")).store("abc", context); }).starts_with("cannot write '"));
}

// ---- the place of payloads in messages

/// Answers when as many are asked for at a time as it waits for.
class gathering_driver final : public storage_driver {
 public:
  explicit gathering_driver(std::ptrdiff_t together) : together_(together) {}

  std::string name() const override { return "gathering"; }
  storage_claim store(std::string_view serialized, const serialization_context& /*context*/) const override {
    together_.arrive_and_wait();
    return {{"bytes", std::string(serialized)}};
  }
  std::string retrieve(const storage_claim& claim, const serialization_context& /*context*/) const override {
    together_.arrive_and_wait();
    return claim.at("bytes");
  }

 private:
  mutable std::barrier<> together_;
};

request_type request_with(const std::string& text) {
  request_type made;
  made.set_namespace_("shop");
  made.set_workflow_id("order/1");
  auto& input = *made.mutable_input()->add_payloads();
  (*input.mutable_metadata())["encoding"] = "json/plain";
  input.set_data(text);
  return made;
}

data_options stored_in(const std::filesystem::path& folder, std::size_t threshold = 1000) {
  data_options options;
  options.codecs = {std::make_shared<envelope_codec>("sealed")};
  options.storage = std::make_shared<payload_storage>(
      std::vector<std::shared_ptr<const storage_driver>>{std::make_shared<local_file_storage>(folder)}, threshold);
  return options;
}

TEST(payload_storage, works_on_eight_payloads_of_a_message_at_a_time) {
  data_options options;
  options.storage = std::make_shared<payload_storage>(
      std::vector<std::shared_ptr<const storage_driver>>{std::make_shared<gathering_driver>(8)}, 10);
  const data::pipeline pipeline(options);
  auto request = request_with("a payload that is large enough");
  for (int i = 1; i < 16; ++i) {
    *request.mutable_input()->add_payloads() = request.input().payloads(0);
    request.mutable_input()->mutable_payloads(i)->mutable_data()->append(std::to_string(i));
  }
  serialization_context of;
  const std::string sent = pipeline.encode(node, request.SerializeAsString(), of);
  request_type got;
  ASSERT_TRUE(got.ParseFromString(pipeline.decode(node, sent, {})));
  EXPECT_EQ(got.input().SerializeAsString(), request.input().SerializeAsString());
}

TEST(side_by_side, throws_what_was_thrown_first_and_leaves_the_rest_out) {
  int calls = 0;
  const auto one_by_one = [&] {
    data::side_by_side(10, 1, [&](std::size_t number) {
      ++calls;
      if (number == 3) throw storage_error("the fourth");
    });
  };
  EXPECT_EQ(error_of(one_by_one), "the fourth");
  EXPECT_EQ(calls, 4);
  data::side_by_side(0, 8, [&](std::size_t) { ++calls; });
  EXPECT_EQ(calls, 4);
}

TEST(payload_storage, a_large_payload_becomes_a_reference_and_comes_back) {
  const scratch folder;
  const data::pipeline pipeline(stored_in(folder.folder()));
  EXPECT_TRUE(pipeline.is_slow());
  const auto request = request_with(std::string(2000, 'x'));
  serialization_context of;
  request_type sent;
  ASSERT_TRUE(sent.ParseFromString(pipeline.encode(node, request.SerializeAsString(), of)));
  const auto& reference = sent.input().payloads(0);
  EXPECT_EQ(reference.metadata().at("encoding"), "json/protobuf");
  EXPECT_EQ(reference.metadata().at("messageType"), "temporal.api.sdk.v1.ExternalStorageReference");
  EXPECT_TRUE(reference.data().starts_with(
      R"({"driverName":"local-file","claimData":{"hash_algorithm":"sha256","hash_value":")"))
      << reference.data();
  ASSERT_EQ(reference.external_payloads_size(), 1);
  EXPECT_GT(reference.external_payloads(0).size_bytes(), 2000);
  request_type back;
  ASSERT_TRUE(back.ParseFromString(pipeline.decode(node, sent.SerializeAsString(), of)));
  EXPECT_EQ(back.DebugString(), request.DebugString());
  const data::pipeline without({});
  EXPECT_EQ(error_of([&] { without.decode(node, sent.SerializeAsString(), of); }),
            "[TMPRL1105] a payload lies in external storage, but no storage is configured here");
}

TEST(payload_storage, small_payloads_stay) {
  const scratch folder;
  const data::pipeline pipeline(stored_in(folder.folder(), 4000));
  serialization_context of;
  request_type sent;
  ASSERT_TRUE(sent.ParseFromString(pipeline.encode(node, request_with("1").SerializeAsString(), of)));
  EXPECT_EQ(sent.input().payloads(0).metadata().at("encoding"), "sealed");
  EXPECT_TRUE(std::filesystem::is_empty(folder.folder()));
}

TEST(payload_storage, payloads_as_large_as_the_threshold_are_stored) {
  const auto request = request_with("about as large as the threshold");
  const std::size_t size = request.input().payloads(0).ByteSizeLong();
  for (const std::size_t threshold : {size, size + 1}) {
    const scratch folder;
    data_options options = stored_in(folder.folder(), threshold);
    options.codecs.clear();
    serialization_context of;
    request_type sent;
    ASSERT_TRUE(sent.ParseFromString(data::pipeline(options).encode(node, request.SerializeAsString(), of)));
    const bool stays = sent.input().payloads(0).metadata().at("encoding") == "json/plain";
    EXPECT_EQ(stays, threshold > size);
  }
}

TEST(payload_storage, a_function_that_sees_the_payload_chooses_the_driver) {
  const scratch folder;
  const auto texts = std::make_shared<local_file_storage>(folder.folder() / "texts", "texts");
  const auto others = std::make_shared<local_file_storage>(folder.folder() / "others", "others");
  data_options options;
  options.storage = std::make_shared<payload_storage>(
      std::vector<std::shared_ptr<const storage_driver>>{texts, others}, 100,
      [&](const payload& what, std::size_t size, const serialization_context& whose) -> const storage_driver* {
        EXPECT_EQ(whose.workflow_id, "order/1");
        EXPECT_EQ(size, data::payload_bytes(what).size());
        if (what.entry("stays") == "here") return nullptr;
        return what.encoding() == "json/plain" ? texts.get() : others.get();
      });
  auto request = request_with(std::string(200, 'x'));
  for (int i = 0; i < 2; ++i) *request.mutable_input()->add_payloads() = request.input().payloads(0);
  (*request.mutable_input()->mutable_payloads(1)->mutable_metadata())["encoding"] = "binary/plain";
  (*request.mutable_input()->mutable_payloads(2)->mutable_metadata())["stays"] = "here";
  const data::pipeline pipeline(options);
  serialization_context of;
  request_type sent;
  ASSERT_TRUE(sent.ParseFromString(pipeline.encode(node, request.SerializeAsString(), of)));
  EXPECT_NE(sent.input().payloads(0).data().find(R"("driverName":"texts")"), std::string::npos);
  EXPECT_NE(sent.input().payloads(1).data().find(R"("driverName":"others")"), std::string::npos);
  EXPECT_EQ(sent.input().payloads(2).data(), request.input().payloads(2).data());
  request_type back;
  ASSERT_TRUE(back.ParseFromString(pipeline.decode(node, sent.SerializeAsString(), of)));
  EXPECT_EQ(back.DebugString(), request.DebugString());
}

/// Keeps payloads in what stands for them, with those whose they are.
class owning_driver final : public storage_driver {
 public:
  std::string name() const override { return "owning"; }
  storage_claim store(std::string_view serialized, const serialization_context& whose) const override {
    return {{"bytes", std::string(serialized)}, {"owner", whose.workflow_id}};
  }
  std::string retrieve(const storage_claim& claim, const serialization_context& whose) const override {
    if (claim.at("owner") != whose.workflow_id) throw storage_error("not that of '" + whose.workflow_id + "'");
    return claim.at("bytes");
  }
};

TEST(payload_storage, drivers_hear_whose_each_payload_of_a_message_is) {
  data_options options;
  options.storage = std::make_shared<payload_storage>(
      std::vector<std::shared_ptr<const storage_driver>>{std::make_shared<owning_driver>()}, 1);
  const data::pipeline pipeline(options);
  temporal::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest request;
  auto& child = *request.add_commands()->mutable_start_child_workflow_execution_command_attributes();
  child.set_workflow_id("child");
  child.mutable_input()->add_payloads()->set_data("1");
  auto& end = *request.add_commands()->mutable_complete_workflow_execution_command_attributes();
  end.mutable_result()->add_payloads()->set_data("2");
  const auto completion = data::node::rpc_RespondWorkflowTaskCompletedRequest;
  serialization_context of{.workflow_id = "parent"};
  const std::string sent = pipeline.encode(completion, request.SerializeAsString(), of);
  EXPECT_NE(sent.find(R"("owner":"child")"), std::string::npos);
  EXPECT_NE(sent.find(R"("owner":"parent")"), std::string::npos);
  auto got = request;
  ASSERT_TRUE(got.ParseFromString(pipeline.decode(completion, sent, {.workflow_id = "parent"})));
  EXPECT_EQ(got.DebugString(), request.DebugString());
}

TEST(payload_storage, reads_references_of_the_old_kind) {
  data_options options;
  options.storage = std::make_shared<payload_storage>(
      std::vector<std::shared_ptr<const storage_driver>>{std::make_shared<owning_driver>()});
  auto request = request_with("");
  payload inside;
  inside.data = "7";
  auto& reference = *request.mutable_input()->mutable_payloads(0);
  (*reference.mutable_metadata())["encoding"] = "json/external-storage-reference";
  reference.set_data(json::dump(data::storage_reference{
      .driverName = "owning", .claimData = {{"bytes", data::payload_bytes(inside)}, {"owner", "order/1"}}}));
  request_type got;
  ASSERT_TRUE(got.ParseFromString(data::pipeline(options).decode(node, request.SerializeAsString(), {})));
  EXPECT_EQ(got.input().payloads(0).data(), "7");
}

TEST(payload_storage, chooses_among_drivers) {
  const scratch folder;
  const auto first = std::make_shared<local_file_storage>(folder.folder() / "1", "first");
  const auto second = std::make_shared<local_file_storage>(folder.folder() / "2", "second");
  const auto select = [&](const payload& /*what*/, std::size_t size, const serialization_context& whose) {
    EXPECT_EQ(whose, context);
    return size > 10 ? second.get() : nullptr;
  };
  const payload_storage storage({first, second}, 1, select);
  payload what;
  EXPECT_FALSE(storage.store(what, "small", context));
  EXPECT_TRUE(storage.store(what, "not so small", context));
  EXPECT_FALSE(storage.store(what, "a reference is not stored", context));
  EXPECT_EQ(storage.retrieve(what, context), "not so small");
  EXPECT_EQ(error_of([&] { payload_storage({first}).retrieve(what, context); }),
            "[TMPRL1105] a payload lies in external storage 'second', for which there is no driver here");
  what.data = "{";
  EXPECT_TRUE(error_of([&] { storage.retrieve(what, context); }).starts_with("[TMPRL1105] a reference"));
  EXPECT_THROW(payload_storage({}), std::invalid_argument);
  EXPECT_THROW(payload_storage({first, first, std::make_shared<local_file_storage>("x", "first")}),
               std::invalid_argument);
}

// ---- S3

/// As much of S3 as the driver needs.
class fake_s3 {
 public:
  fake_s3()
      : server_(loop_, http::parse_address("127.0.0.1:0"), {},
                [this](http::request what) -> asio::awaitable<http::response> { co_return answer(what); }),
        thread_([this] { loop_.run(); }) {}
  ~fake_s3() {
    loop_.stop();
    thread_.join();
  }

  s3_options options() const {
    s3_options made;
    made.bucket = "big";
    made.region = "eu-west-1";
    made.endpoint = "http://127.0.0.1:" + std::to_string(server_.listening().port);
    made.retries.initial_interval = std::chrono::milliseconds(1);
    made.credentials = [] {
      return s3_credentials{.access_key_id = "AKID", .secret_access_key = "key", .session_token = "token"};
    };
    return made;
  }

  std::map<std::string, std::string> objects;
  std::vector<http::request> seen;
  int refuse_with = 0;
  /// So many requests are refused; then it answers.
  int refusals = std::numeric_limits<int>::max();

 private:
  http::response answer(const http::request& what) {
    seen.push_back(what);
    if (refuse_with != 0 && refusals-- > 0) return http::response(refuse_with, "<Error>no</Error>", "application/xml");
    if (what.method == "PUT") {
      objects[what.target] = what.body;
      return http::response(200);
    }
    const auto found = objects.find(what.target);
    return found == objects.end() ? http::response(404) : http::response(200, found->second);
  }

  io::event_loop loop_;
  http::server server_;
  std::thread thread_;
};

TEST(s3_storage, keeps_objects_under_names_that_other_languages_know) {
  fake_s3 server;
  const s3_storage bucket(server.options(), "mine");
  EXPECT_EQ(bucket.name(), "mine");
  EXPECT_EQ(bucket.type(), "aws.s3driver");
  const auto claim = bucket.store("abc", context);
  const std::string key = "v0/ns/shop/wt/order/wi/order%2F1/ri/null/d/sha256/" + hash;
  EXPECT_EQ(claim,
            (storage_claim{{"bucket", "big"}, {"hash_algorithm", "sha256"}, {"hash_value", hash}, {"key", key}}));
  ASSERT_EQ(server.objects.size(), 1U);
  EXPECT_EQ(server.objects.begin()->first, "/big/v0/ns/shop/wt/order/wi/order%252F1/ri/null/d/sha256/" + hash);
  EXPECT_EQ(bucket.retrieve(claim, {}), "abc");
  ASSERT_EQ(server.seen.size(), 2U);
  const auto& put = server.seen[0].headers;
  EXPECT_EQ(put.get("X-Amz-Content-Sha256"), hash);
  EXPECT_EQ(put.get("X-Amz-Security-Token"), "token");
  EXPECT_TRUE(put.get("Authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKID/"));
  EXPECT_NE(put.get("Authorization")
                .find("/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;"
                      "x-amz-date;x-amz-security-token, Signature="),
            std::string_view::npos);
  EXPECT_EQ(detail::storage::object_key({}, "h"), "v0/d/sha256/h");
  auto running = context;
  running.run_id = "r1";
  EXPECT_EQ(detail::storage::object_key(running, "h"), "v0/ns/shop/wt/order/wi/order%2F1/ri/r1/d/sha256/h");
  EXPECT_EQ(detail::storage::object_key({.namespace_ = "n", .activity_id = ".."}, "h"),
            "v0/ns/n/at/null/ai/%2E%2E/ri/null/d/sha256/h");
}

TEST(s3_storage, reads_no_more_than_it_may) {
  fake_s3 server;
  auto options = server.options();
  options.endpoint += "/";
  options.max_size = 3;
  const s3_storage bucket(options);
  EXPECT_EQ(bucket.retrieve(bucket.store("abc", context), {}), "abc");
  EXPECT_TRUE(server.objects.begin()->first.starts_with("/big/")) << "the slash behind the endpoint is one too many";
  const auto larger = bucket.store("abcd", context);
  EXPECT_TRUE(error_of([&] {
                bucket.retrieve(larger, {});
              }).starts_with("a payload could not be read from the bucket 'big': "));
}

TEST(s3_storage, tries_again_what_may_pass) {
  fake_s3 server;
  auto options = server.options();
  const s3_storage bucket(options);
  server.refuse_with = 503;
  server.refusals = 3;
  const auto claim = bucket.store("abc", context);
  EXPECT_EQ(server.seen.size(), 4U);
  EXPECT_EQ(bucket.retrieve(claim, {}), "abc");
  server.refusals = 4;
  EXPECT_EQ(error_of([&] { bucket.retrieve(claim, {}); }),
            "a payload could not be read from the bucket 'big': status 503: <Error>no</Error>");
  server.seen.clear();
  server.refuse_with = 403;
  server.refusals = 4;
  EXPECT_NE(error_of([&] { bucket.retrieve(claim, {}); }), "none");
  EXPECT_EQ(server.seen.size(), 1U) << "a refusal for good";
  options.retries.max_attempts = 0;
  EXPECT_THROW(s3_storage{options}, std::invalid_argument);
}

TEST(s3_storage, says_why_there_is_no_answer) {
  s3_options options;
  {
    fake_s3 server;
    options = server.options();
  }
  const std::string error = error_of([&] { s3_storage(options).store("abc", context); });
  EXPECT_TRUE(error.starts_with("a payload could not be stored in the bucket 'big': ")) << error;
  EXPECT_EQ(error.find("status 0"), std::string::npos) << error;
  EXPECT_FALSE(error.ends_with(": ")) << error;
}

TEST(s3_storage, says_what_is_wrong) {
  fake_s3 server;
  const s3_storage bucket(server.options());
  auto claim = bucket.store("abc", context);
  server.objects.begin()->second = "abd";
  EXPECT_EQ(error_of([&] { bucket.retrieve(claim, {}); }),
            "a payload in external storage is not the one that was stored");
  server.objects.clear();
  EXPECT_EQ(error_of([&] { bucket.retrieve(claim, {}); }),
            "a payload could not be read from the bucket 'big': status 404");
  server.refuse_with = 403;
  EXPECT_EQ(error_of([&] { bucket.store("abc", context); }),
            "a payload could not be stored in the bucket 'big': status 403: <Error>no</Error>");
  claim.erase("key");
  EXPECT_EQ(error_of([&] { bucket.retrieve(claim, {}); }), "a reference to external storage has no 'key'");
  EXPECT_THROW(s3_storage(s3_options{}), std::invalid_argument);
}

}  // namespace rondo::test::payload_storage_test
