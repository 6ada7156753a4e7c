#include "rondo/storage/gcs.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "rondo/detail/base/base64.hpp"
#include "rondo/json.hpp"
#include "support/http_receiver.hpp"
#include "support/scratch.hpp"
#include "support/stored.hpp"

namespace rondo::test::gcs_storage_test {

using stored::context, stored::error_of, stored::hash;
const std::string object = "v0/ns/shop/wt/order/wi/order%2F1/ri/null/d/sha256/" + hash;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// As much of Google Cloud as the driver needs: a bucket, a token endpoint and a metadata server.
class fake_google {
 public:
  fake_google() : receiver_(context_) {
    receiver_.on_post = [this](http_receiver::post& got) {
      seen.push_back(got);
      // It holds the connection, which must end before the context does.
      seen.back().answer = nullptr;
      receiver_.answer_body.clear();
      got.answer(answer(got));
    };
    thread_ = std::thread([this] { context_.run(); });
  }
  fake_google(const fake_google&) = delete;
  fake_google& operator=(const fake_google&) = delete;
  ~fake_google() {
    context_.stop();
    thread_.join();
  }

  std::string host() const { return "127.0.0.1:" + std::to_string(receiver_.port()); }
  std::string url() const { return "http://" + host(); }

  /// With the token "given", and nothing in the environment.
  gcs_options options() const {
    gcs_options made;
    made.bucket = "big";
    made.endpoint = url();
    made.retries.initial_interval = std::chrono::milliseconds(1);
    made.token = [] { return std::string("given"); };
    made.environment = [](const char*) { return std::string(); };
    return made;
  }

  std::map<std::string, std::string> objects;
  std::vector<http_receiver::post> seen;
  /// Tokens are "t1", "t2" and so on.
  std::string token_answer = R"({"access_token":"t%","expires_in":3599,"token_type":"Bearer"})";
  int tokens = 0, token_status = 200;
  /// Empty: requests need no certain token.
  std::string accepted;
  /// So many requests to the bucket are refused; 0: cut off.
  int refuse_with = 200, refusals = 0;
  std::string refusal;

 private:
  int answer(const http_receiver::post& got) {
    if (got.target.ends_with("/token")) {
      std::string text = token_answer;
      ++tokens;
      if (const auto at = text.find('%'); at != std::string::npos) text.replace(at, 1, std::to_string(tokens));
      receiver_.answer_body = text;
      return token_status;
    }
    if (refusals > 0) {
      --refusals;
      receiver_.answer_body = refusal;
      return refuse_with;
    }
    const auto by = got.headers.find("authorization");
    if (!accepted.empty() && (by == got.headers.end() || by->second != "Bearer " + accepted)) return 401;
    return got.method == "POST" ? keep(got) : give(got);
  }
  int keep(const http_receiver::post& got) {
    constexpr std::string_view prefix = "/upload/storage/v1/b/big/o?uploadType=media&ifGenerationMatch=0&name=";
    if (!got.target.starts_with(prefix)) return 400;
    return objects.emplace(got.target.substr(prefix.size()), got.body).second ? 200 : 412;
  }
  int give(const http_receiver::post& got) {
    constexpr std::string_view prefix = "/storage/v1/b/big/o/", suffix = "?alt=media";
    if (!got.target.starts_with(prefix) || !got.target.ends_with(suffix)) return 400;
    const auto name = got.target.substr(prefix.size(), got.target.size() - prefix.size() - suffix.size());
    const auto found = objects.find(name);
    if (found == objects.end()) {
      receiver_.answer_body = "No such object";
      return 404;
    }
    receiver_.answer_body = found->second;
    return 200;
  }

  asio::io_context context_;
  http_receiver receiver_;
  std::thread thread_;
};

/// The key of a service account.
class account {
 public:
  account() : key_(EVP_RSA_gen(2048), &EVP_PKEY_free) {
    const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    pem.assign(text, static_cast<std::size_t>(size));
  }

  std::map<std::string, std::string> fields(const std::string& token_uri) const {
    return {{"type", "service_account"}, {"client_email", "worker@p.iam.gserviceaccount.com"},
            {"private_key", pem},        {"private_key_id", "k1"},
            {"token_uri", token_uri},    {"project_id", "p"}};
  }
  bool has_signed(std::string_view text, std::string_view signature) const {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    const auto bytes = [](std::string_view of) { return reinterpret_cast<const unsigned char*>(of.data()); };
    return EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(digest.get(), bytes(signature), signature.size(), bytes(text), text.size()) == 1;
  }

  std::string pem;

 private:
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
};

std::string written(const scratch& folder, const std::string& text) {
  std::ofstream(folder.file("key.json")) << text;
  return folder.file("key.json");
}

/// With the key of the account, whose tokens come from the server.
gcs_options options_of(const account& own, const fake_google& server, const scratch& folder) {
  auto made = server.options();
  made.token = nullptr;
  made.credentials_file = written(folder, json::dump(own.fields(server.url() + "/token")));
  return made;
}

TEST(gcs_storage, keeps_objects_under_names_that_other_languages_know) {
  fake_google server;
  const gcs_storage bucket(server.options(), "mine");
  EXPECT_EQ(bucket.name(), "mine");
  EXPECT_EQ(bucket.type(), "gcp.gcsdriver");
  const auto claim = bucket.store("abc", context);
  EXPECT_EQ(claim, (storage_claim{{"bucket", "big"},
                                  {"object_name", object},
                                  {"key", object},
                                  {"hash_algorithm", "sha256"},
                                  {"hash_value", hash}}));
  ASSERT_EQ(server.objects.size(), 1U);
  EXPECT_EQ(server.objects.begin()->first,
            "v0%2Fns%2Fshop%2Fwt%2Forder%2Fwi%2Forder%252F1%2Fri%2Fnull%2Fd%2Fsha256%2F" + hash);
  EXPECT_EQ(server.seen.at(0).headers["authorization"], "Bearer given");
  EXPECT_EQ(server.seen.at(0).body, "abc");
  EXPECT_EQ(bucket.store("abc", context), claim) << "it is there already";
  EXPECT_EQ(bucket.retrieve(claim, {}), "abc");
  auto old = claim;
  old.erase("object_name");
  EXPECT_EQ(bucket.retrieve(old, {}), "abc");
  const storage_claim typescript{
      {"bucket", "big"}, {"object", object}, {"hashAlgorithm", "sha256"}, {"hashValue", hash}};
  EXPECT_EQ(bucket.retrieve(typescript, {}), "abc");
}

TEST(gcs_storage, escapes_as_little_as_other_languages_do) {
  using detail::storage::gcs_object_name;
  EXPECT_EQ(gcs_object_name({}, "h"), "v0/d/sha256/h");
  EXPECT_EQ(gcs_object_name({.namespace_ = "n", .activity_id = "..", .activity_type = "a b#?\xC3\xA9"}, "h"),
            "v0/ns/n/at/a b%23%3F\xC3\xA9/ai/%2E%2E/ri/null/d/sha256/h");
  EXPECT_EQ(detail::storage::gcs_segment("a/b%\n\x7F\xC2\x85\xC2\xA0"), "a%2Fb%25%0A%7F%C2%85\xC2\xA0");
  EXPECT_EQ(detail::storage::gcs_segment("."), "%2E");
  EXPECT_EQ(gcs_object_name({.namespace_ = "n", .workflow_id = std::string(1000, 'w')}, hash),
            "v0/ns/n/d/sha256/" + hash)
      << "longer than names may be";
}

TEST(gcs_storage, signs_with_the_key_of_a_service_account) {
  fake_google server;
  const account own;
  const scratch folder;
  const gcs_storage bucket(options_of(own, server, folder));
  bucket.store("abc", context);
  bucket.store("abcd", context);
  ASSERT_EQ(server.seen.size(), 3U) << "the token is kept";
  EXPECT_EQ(server.seen[1].headers["authorization"], "Bearer t1");
  const std::string prefix = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  ASSERT_TRUE(server.seen[0].body.starts_with(prefix));
  const std::string assertion = server.seen[0].body.substr(prefix.size());
  const auto last = assertion.rfind('.');
  const auto first = assertion.find('.');
  EXPECT_TRUE(own.has_signed(assertion.substr(0, last), *detail::base64_decode(assertion.substr(last + 1))));
  EXPECT_EQ(*detail::base64_decode(assertion.substr(0, first)), R"({"alg":"RS256","typ":"JWT","kid":"k1"})");
  struct claims {
    std::string iss{}, scope{}, aud{};
    std::int64_t iat = 0, exp = 0;
  };
  const auto said = json::parse<claims>(*detail::base64_decode(assertion.substr(first + 1, last - first - 1)));
  EXPECT_EQ(said.iss, "worker@p.iam.gserviceaccount.com");
  EXPECT_EQ(said.scope, "https://www.googleapis.com/auth/devstorage.read_write");
  EXPECT_EQ(said.aud, server.url() + "/token");
  EXPECT_EQ(said.exp - said.iat, 3600);
}

TEST(gcs_storage, is_made_of_a_key_and_a_bucket) {
  const account of_google;
  const scratch folder;
  const std::string key_file = written(folder, json::dump(of_google.fields("https://oauth2.googleapis.com/token")));
  gcs_options own;
  own.bucket = "payloads";
  own.credentials_file = key_file;
  const auto driver = std::make_shared<gcs_storage>(own);
  EXPECT_EQ(driver->name(), "gcp.gcsdriver");
}

TEST(gcs_storage, finds_the_default_credentials) {
  fake_google server;
  const scratch folder;
  std::map<std::string, std::string> variables{{"GCE_METADATA_HOST", server.host()},
                                               {"HOME", folder.folder().string()}};
  auto options = server.options();
  options.token = nullptr;
  options.environment = [&](const char* name) { return variables[name]; };
  server.token_answer = R"({"access_token":"t%","expires_in":30})";
  const gcs_storage machine(options);
  const auto claim = machine.store("abc", context);
  EXPECT_EQ(server.seen.at(0).target, "/computeMetadata/v1/instance/service-accounts/default/token");
  EXPECT_EQ(server.seen.at(0).headers["metadata-flavor"], "Google");
  EXPECT_EQ(machine.retrieve(claim, {}), "abc");
  EXPECT_EQ(server.seen.back().headers["authorization"], "Bearer t2") << "t1 lives half a minute only";

  const std::string user = json::dump(std::map<std::string, std::string>{{"type", "authorized_user"},
                                                                         {"client_id", "c&1"},
                                                                         {"client_secret", "s-1"},
                                                                         {"refresh_token", "r-1"},
                                                                         {"token_uri", server.url() + "/token"}});
  std::filesystem::create_directories(folder.folder() / ".config" / "gcloud");
  std::ofstream(folder.folder() / ".config" / "gcloud" / "application_default_credentials.json") << user;
  server.seen.clear();
  EXPECT_EQ(gcs_storage(options).retrieve(claim, {}), "abc");
  EXPECT_EQ(server.seen.at(0).body, "grant_type=refresh_token&client_id=c%261&client_secret=s-1&refresh_token=r-1");

  variables["GOOGLE_APPLICATION_CREDENTIALS"] =
      written(folder, json::dump(account().fields(server.url() + "/other/token")));
  server.seen.clear();
  EXPECT_EQ(gcs_storage(options).retrieve(claim, {}), "abc");
  EXPECT_EQ(server.seen.at(0).target, "/other/token");
}

TEST(gcs_storage, renews_a_refused_token_once) {
  fake_google server;
  auto options = server.options();
  options.token = nullptr;
  options.environment = [&](const char* name) {
    return std::string_view(name) == "GCE_METADATA_HOST" ? server.host() : std::string();
  };
  const gcs_storage bucket(options);
  server.accepted = "t2";
  const auto claim = bucket.store("abc", context);
  EXPECT_EQ(server.tokens, 2);
  EXPECT_EQ(bucket.retrieve(claim, {}), "abc");
  EXPECT_EQ(server.tokens, 2) << "the fresh one is kept";
  server.accepted = "t9";
  server.seen.clear();
  EXPECT_EQ(error_of([&] { bucket.retrieve(claim, {}); }),
            "a payload could not be read from the bucket 'big': status 401");
  EXPECT_EQ(server.seen.size(), 3U) << "twice with a token, and one token";
  auto asked = std::make_shared<int>(0);
  options.token = [asked] { return "own" + std::to_string(++*asked); };
  server.accepted = "own2";
  EXPECT_EQ(gcs_storage(options).retrieve(claim, {}), "abc");
}

TEST(gcs_storage, says_why_there_is_no_token) {
  fake_google server;
  const account own;
  const scratch folder;
  auto options = options_of(own, server, folder);
  const gcs_storage bucket(options);
  const auto error = [&] { return error_of([&] { bucket.store("abc", context); }); };
  const std::string what = "a payload could not be stored in the bucket 'big': ";
  server.token_status = 400;
  server.token_answer = R"({"error":"invalid_grant","error_description":"Invalid JWT Signature."})";
  EXPECT_EQ(error(), what +
                         "Google gives no token for 'worker@p.iam.gserviceaccount.com': status 400: invalid_grant: "
                         "Invalid JWT Signature.");
  EXPECT_EQ(server.tokens, 1) << "a refusal for good";
  server.token_status = 200;
  for (const std::string text : {"<html>", "{", R"({"access_token":7})", "[]"}) {
    server.token_answer = text;
    EXPECT_EQ(error(), what + "Google's token endpoint answers something else than a token") << text;
  }
  server.token_answer = "{}";
  EXPECT_EQ(error(), what + "Google's token endpoint answers without a token");
  server.token_answer = R"({"access_token":"a\r\nX-Header: b","expires_in":3600})";
  EXPECT_EQ(error(), what + "Google's token endpoint answers with a token that cannot be sent");
  server.token_answer = std::string(100'000, 'x');
  EXPECT_EQ(error(), what +
                         "Google gives no token for 'worker@p.iam.gserviceaccount.com': the answer is longer than "
                         "65536 bytes");

  std::ofstream(folder.file("user.json"))
      << json::dump(std::map<std::string, std::string>{{"type", "authorized_user"},
                                                       {"client_id", "c"},
                                                       {"client_secret", "secret-1"},
                                                       {"refresh_token", "refresh-1"},
                                                       {"token_uri", server.url() + "/token"}});
  options.credentials_file = folder.file("user.json");
  server.token_status = 401;
  server.token_answer = R"({"error":"invalid_client","error_description":"refresh-1 of secret-1"})";
  EXPECT_EQ(
      error_of([&] { gcs_storage(options).store("abc", context); }),
      what + "Google gives no token for the user who logged in with gcloud: status 401: invalid_client: *** of ***");
  options.token = [] { return std::string("two words"); };
  EXPECT_EQ(error_of([&] { gcs_storage(options).store("abc", context); }),
            what + "the function for tokens gives one that cannot be sent");
}

TEST(gcs_storage, refuses_credentials_that_cannot_be_used) {
  const account own;
  const scratch folder;
  gcs_options options;
  options.bucket = "big";
  options.environment = [](const char*) { return std::string(); };
  const auto error = [&](const std::string& text) {
    options.credentials_file = written(folder, text);
    const std::string said = error_of<std::invalid_argument>([&] { gcs_storage{options}; });
    EXPECT_FALSE(has(said, "PRIVATE")) << said;
    const std::string prefix = "rondo: the file of Google credentials '" + options.credentials_file + "' ";
    EXPECT_TRUE(said.starts_with(prefix)) << said;
    return said.substr(std::min(prefix.size(), said.size()));
  };
  const auto with = [&](const std::string& name, const std::string& value) {
    auto fields = own.fields("https://oauth2.googleapis.com/token");
    fields[name] = value;
    return json::dump(fields);
  };
  EXPECT_EQ(error(""), "cannot be read");
  EXPECT_EQ(error("-----BEGIN PRIVATE KEY-----"), "is not the JSON of Google credentials");
  EXPECT_EQ(error(R"({"private_key":["PRIVATE"]})"), "is not the JSON of Google credentials");
  EXPECT_EQ(error("{}"), "has no 'type'");
  EXPECT_TRUE(error(with("type", "external_account")).starts_with("is of a type that is not supported: use the key"));
  EXPECT_EQ(error(with("client_email", "")), "has no 'client_email'");
  EXPECT_EQ(error(with("private_key", "")), "has no 'private_key'");
  EXPECT_EQ(error(with("private_key", "-----BEGIN PRIVATE KEY-----\nPRIVATE\n-----END PRIVATE KEY-----\n")),
            "has a 'private_key' that cannot be used: it is not a private key in PEM");
  EXPECT_EQ(error(with("private_key", own.pem.substr(0, own.pem.size() / 2))),
            "has a 'private_key' that cannot be used: it is not a private key in PEM");
  EXPECT_EQ(error(with("token_uri", "http://oauth2.example.com/token")),
            "has a 'token_uri' that cannot be used: it must begin with https://");
  EXPECT_EQ(error(with("token_uri", "http://127.example.com/token")),
            "has a 'token_uri' that cannot be used: it must begin with https://");
  EXPECT_EQ(error(R"({"type":"authorized_user","client_id":"c"})"), "has no 'client_secret'");
  options.credentials_file = folder.file("none");
  EXPECT_TRUE(error_of<std::invalid_argument>([&] { gcs_storage{options}; }).ends_with("cannot be read"));
  options.credentials_file.clear();
  options.environment = [](const char* name) {
    return std::string_view(name) == "GCE_METADATA_HOST" ? std::string("evil@host/path") : std::string();
  };
  EXPECT_EQ(error_of<std::invalid_argument>([&] { gcs_storage{options}; }),
            "rondo: GCE_METADATA_HOST must be a host, or host:port");
}

TEST(gcs_storage, refuses_buckets_and_endpoints_that_are_none) {
  gcs_options options;
  options.token = [] { return std::string("t"); };
  options.environment = [](const char*) { return std::string(); };
  EXPECT_THROW(gcs_storage{options}, std::invalid_argument);
  for (const std::string bucket : {"gs://big", "Big", "bi", "-big", "a/b", "big."}) {
    options.bucket = bucket;
    EXPECT_THROW(gcs_storage{options}, std::invalid_argument) << bucket;
  }
  options.bucket = "big";
  for (const std::string endpoint : {"http://storage.example.com", "ftp://x", "https://user:pw@x", "https://"}) {
    options.endpoint = endpoint;
    const std::string said = error_of<std::invalid_argument>([&] { gcs_storage{options}; });
    EXPECT_TRUE(said.starts_with("rondo: the endpoint of Google Cloud Storage cannot be used: ")) << said;
    EXPECT_FALSE(has(said, "pw")) << said;
  }
}

TEST(gcs_storage, sends_no_credentials_to_an_emulator) {
  fake_google server;
  auto options = server.options();
  options.endpoint.clear();
  options.environment = [&](const char* name) {
    return std::string_view(name) == "STORAGE_EMULATOR_HOST" ? server.host() : std::string();
  };
  const gcs_storage bucket(options);
  EXPECT_EQ(bucket.retrieve(bucket.store("abc", context), {}), "abc");
  for (const auto& each : server.seen) EXPECT_FALSE(each.headers.contains("authorization"));
  options.token = nullptr;
  options.environment = [&](const char* name) {
    return std::string_view(name) == "STORAGE_EMULATOR_HOST" ? server.url() + "/" : std::string();
  };
  EXPECT_EQ(gcs_storage(options).retrieve(bucket.store("abc", context), {}), "abc");
}

TEST(gcs_storage, tries_again_what_may_pass) {
  fake_google server;
  const gcs_storage bucket(server.options());
  storage_claim claim;
  constexpr int cut_off = 0;
  for (const int status : {429, 500, 503, cut_off}) {
    server.refuse_with = status;
    server.refusals = 3;
    claim = bucket.store("abc", context);
    server.refusals = 3;
    EXPECT_EQ(bucket.retrieve(claim, {}), "abc") << status;
  }
  server.refusals = std::numeric_limits<int>::max();
  server.seen.clear();
  const std::string error = error_of([&] { bucket.retrieve(claim, {}); });
  EXPECT_TRUE(error.starts_with("a payload could not be read from the bucket 'big': ")) << error;
  EXPECT_EQ(server.seen.size(), 4U);
  auto options = server.options();
  options.timeout = std::chrono::milliseconds(0);
  server.seen.clear();
  EXPECT_NE(error_of([&] { gcs_storage(options).retrieve(claim, {}); }), "none");
  EXPECT_LE(server.seen.size(), 1U) << "there is no time left for a second attempt";
}

TEST(gcs_storage, says_what_is_wrong) {
  fake_google server;
  auto options = server.options();
  const gcs_storage bucket(options);
  const auto claim = bucket.store("abc", context);
  const std::string what = "a payload could not be read from the bucket 'big': ";
  const auto error = [&] { return error_of([&] { bucket.retrieve(claim, {}); }); };
  server.refuse_with = 403;
  server.refusal = R"({"error":{"code":403,"message":"given does not have storage.objects.get access"}})";
  server.refusals = 1;
  EXPECT_EQ(error(), what + "status 403: *** does not have storage.objects.get access");
  server.refusal = "\xFF\r\nno, given";
  server.refusals = 1;
  EXPECT_EQ(error(), what + "status 403: \xEF\xBF\xBD  no, ***");
  EXPECT_EQ(error(), "none");
  options.max_size = 2;
  EXPECT_EQ(error_of([&] { gcs_storage(options).retrieve(claim, {}); }), what + "the answer is longer than 2 bytes");
  server.objects.begin()->second = "abd";
  EXPECT_EQ(error(), "a payload in external storage is not the one that was stored");
  server.objects.clear();
  EXPECT_EQ(error(), what + "status 404: No such object");
}

TEST(gcs_storage, does_not_trust_claims) {
  fake_google server;
  const gcs_storage bucket(server.options());
  const auto claim = bucket.store("abc", context);
  server.seen.clear();
  const auto error = [&](const std::string& name, const std::string& value) {
    auto changed = claim;
    changed[name] = value;
    return error_of([&] { bucket.retrieve(changed, {}); });
  };
  EXPECT_EQ(error("bucket", "../x"), "a reference to external storage names a bucket that is none");
  EXPECT_EQ(error("object_name", ".."), "a reference to external storage names an object that is none");
  EXPECT_EQ(error("object_name", ""), "a reference to external storage names an object that is none");
  EXPECT_EQ(error("object_name", std::string(1025, 'x')),
            "a reference to external storage names an object that is none");
  EXPECT_EQ(error("hash_value", "abc"), "a reference to external storage has a hash that is none");
  EXPECT_EQ(error("hash_algorithm", "md5"), "a reference to external storage has a hash of an unknown kind");
  EXPECT_TRUE(server.seen.empty());
  EXPECT_EQ(error_of([&] { bucket.retrieve({}, {}); }), "a reference to external storage has no 'bucket'");
}

}  // namespace rondo::test::gcs_storage_test
