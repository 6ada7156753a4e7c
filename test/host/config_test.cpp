#include "rondo/config.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace config_test {

using rondo::client_options;
using rondo::config_source;
using rondo::environment_variables;
using rondo::tls_mode;

/// A folder with files, that goes with the test.
class scratch {
 public:
  scratch() : folder_(std::filesystem::temp_directory_path() / ("rondo-config-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  std::string path(const std::string& name = {}) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

client_options load(const std::string& file, environment_variables environment = {}, std::string profile = {}) {
  return rondo::load_client_options(
      {.file = file, .profile = std::move(profile), .environment = std::move(environment)});
}

client_options from_variables(environment_variables environment) {
  return rondo::load_client_options({.use_file = false, .environment = std::move(environment)});
}

std::string refusal(const config_source& from) {
  try {
    rondo::load_client_options(from);
    return "nothing was refused";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

std::string refusal_of_text(const scratch& dir, const std::string& text, bool strict = false) {
  const auto file = dir.write("bad.toml", text);
  const auto said = refusal({.file = file, .strict = strict, .environment = environment_variables{}});
  const std::string start = "rondo: " + file;
  return said.starts_with(start) ? said.substr(start.size()) : said;
}

TEST(config, has_the_defaults_of_a_client_when_nothing_is_set) {
  const auto options = from_variables({});
  const client_options plain;
  EXPECT_EQ(options.target, plain.target);
  EXPECT_EQ(options.namespace_, plain.namespace_);
  EXPECT_EQ(options.tls_usage, tls_mode::automatic);
  EXPECT_FALSE(options.tls.has_value());
  EXPECT_TRUE(options.metadata.empty());
}

TEST(config, reads_a_profile) {
  const scratch dir;
  const auto file = dir.write("temporal.toml", R"(
[profile.default]
address = "localhost:1"

[profile.cloud]
address = "acme.tmprl.cloud:7233"
namespace = "acme.orders"
api_key = "secret"
authority = "gateway.example"
[profile.cloud.codec]
endpoint = "http://localhost:1"
[profile.cloud.grpc_meta]
Team_Name = "orders"
)");
  EXPECT_EQ(load(file).target, "localhost:1");
  const auto options = load(file, {}, "cloud");
  EXPECT_EQ(options.target, "acme.tmprl.cloud:7233");
  EXPECT_EQ(options.namespace_, "acme.orders");
  EXPECT_EQ(options.api_key, "secret");
  EXPECT_EQ(options.authority, "gateway.example");
  EXPECT_EQ(options.tls_usage, tls_mode::automatic);
  const std::vector<std::pair<std::string, std::string>> headers = {{"team-name", "orders"}};
  EXPECT_EQ(options.metadata, headers);
}

TEST(config, reads_where_the_codec_server_is) {
  const scratch dir;
  const auto file = dir.write("temporal.toml", R"(
[profile.default.codec]
endpoint = "http://localhost:1"
auth = "Bearer x"
)");
  config_source from{.file = file, .strict = true, .environment = environment_variables{}};
  EXPECT_EQ(rondo::detail::config::load_profile(from).codec_endpoint, "http://localhost:1");
  EXPECT_EQ(rondo::detail::config::load_profile(from).codec_auth, "Bearer x");
  (*from.environment)["TEMPORAL_CODEC_ENDPOINT"] = "https://other";
  EXPECT_EQ(rondo::detail::config::load_profile(from).codec_endpoint, "https://other");
  EXPECT_EQ(rondo::detail::config::load_profile(from).codec_auth, "Bearer x");
  from.file = dir.write("bad.toml", "[profile.default.codec]\nuri = \"x\"\n");
  EXPECT_NE(refusal(from).find("'profile.default.codec.uri' is not a setting"), std::string::npos);
}

TEST(config, prefers_variables_to_the_file) {
  const scratch dir;
  const auto file = dir.write("temporal.toml", R"(
[profile.default]
address = "file:1"
namespace = "file"
[profile.default.grpc_meta]
kept = "file"
replaced = "file"
removed = "file"
)");
  const auto options = load(file, {{"TEMPORAL_ADDRESS", "variable:1"},
                                   {"TEMPORAL_NAMESPACE", ""},
                                   {"TEMPORAL_API_KEY", "key"},
                                   {"TEMPORAL_CLIENT_AUTHORITY", "other"},
                                   {"TEMPORAL_GRPC_META_REPLACED", "variable"},
                                   {"TEMPORAL_GRPC_META_REMOVED", ""},
                                   {"TEMPORAL_GRPC_META_ADDED_TOO", "variable"}});
  EXPECT_EQ(options.target, "variable:1");
  EXPECT_EQ(options.namespace_, "file") << "an empty variable counts as unset";
  EXPECT_EQ(options.api_key, "key");
  EXPECT_EQ(options.authority, "other");
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"added-too", "variable"}, {"kept", "file"}, {"replaced", "variable"}};
  EXPECT_EQ(options.metadata, headers);
  const auto without = rondo::load_client_options(
      {.file = file, .use_environment = false, .environment = environment_variables{{"TEMPORAL_ADDRESS", "no:1"}}});
  EXPECT_EQ(without.target, "file:1");
}

TEST(config, finds_file_and_profile_by_variables) {
  const scratch dir;
  const auto file = dir.write("other.toml", "[profile.second]\naddress = \"second:1\"\n");
  const auto own = dir.write("xdg/temporalio/temporal.toml", "[profile.default]\naddress = \"own:1\"\n");
  const auto found = [](environment_variables environment) {
    return rondo::load_client_options({.environment = std::move(environment)}).target;
  };
  EXPECT_EQ(found({{"TEMPORAL_CONFIG_FILE", file}, {"TEMPORAL_PROFILE", "second"}}), "second:1");
  EXPECT_EQ(found({{"XDG_CONFIG_HOME", dir.path("xdg")}}), "own:1");
  EXPECT_EQ(found({{"XDG_CONFIG_HOME", dir.path("none")}}), client_options().target);
  EXPECT_EQ(found({}), client_options().target);
}

TEST(config, makes_tls_of_texts_and_files) {
  const scratch dir;
  const auto certificate = dir.write("client.pem", "certificate");
  const auto file = dir.write("temporal.toml", "[profile.default.tls]\nclient_cert_path = \"" + certificate + R"("
client_key_data = "key"
server_ca_cert_data = "authority"
server_name = "name"
)");
  const auto options = load(file);
  EXPECT_EQ(options.tls_usage, tls_mode::on);
  ASSERT_TRUE(options.tls.has_value());
  EXPECT_EQ(options.tls->client_certificate, "certificate");
  EXPECT_EQ(options.tls->client_private_key, "key");
  EXPECT_EQ(options.tls->server_root_ca_certificate, "authority");
  EXPECT_EQ(options.tls->server_name, "name");
  EXPECT_TRUE(options.tls->verify_server);
  const auto replaced = load(file, {{"TEMPORAL_TLS_CLIENT_CERT_DATA", "from the environment"},
                                    {"TEMPORAL_TLS_SERVER_NAME", "another"},
                                    {"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "1"}});
  EXPECT_EQ(replaced.tls->client_certificate, "from the environment");
  EXPECT_EQ(replaced.tls->server_name, "another");
  EXPECT_FALSE(replaced.tls->verify_server);
  const auto unchecked = dir.write("unchecked.toml", "[profile.default.tls]\ndisable_host_verification = true\n");
  EXPECT_FALSE(load(unchecked).tls->verify_server);
}

TEST(config, switches_tls_on_and_off) {
  const scratch dir;
  const auto usage = [&dir](const std::string& text, environment_variables environment = {}) {
    return load(dir.write("temporal.toml", text), std::move(environment)).tls_usage;
  };
  EXPECT_EQ(usage("[profile.default.tls]\n"), tls_mode::on);
  EXPECT_EQ(usage("[profile.default]\ntls = true\n"), tls_mode::on);
  EXPECT_EQ(usage("[profile.default]\ntls = false\n"), tls_mode::off);
  EXPECT_EQ(usage("[profile.default]\napi_key = \"k\"\n"), tls_mode::automatic);
  EXPECT_EQ(usage("[profile.default]\napi_key = \"k\"\n[profile.default.tls]\ndisabled = true\n"), tls_mode::off);
  EXPECT_EQ(usage("[profile.default.tls]\ndisabled = true\n", {{"TEMPORAL_TLS", "true"}}), tls_mode::on);
  EXPECT_EQ(usage("", {{"TEMPORAL_TLS", "0"}, {"TEMPORAL_API_KEY", "k"}}), tls_mode::off);
}

TEST(config, says_what_is_wrong_and_where) {
  const scratch dir;
  EXPECT_EQ(refusal_of_text(dir, "[profile.default]\naddress = 7233\n"),
            ":2: 'profile.default.address' must be a text in quotes");
  EXPECT_EQ(refusal_of_text(dir, "[profile.default.tls]\ndisabled = \"yes\"\n"),
            ":2: 'profile.default.tls.disabled' must be true or false, without quotes");
  EXPECT_EQ(refusal_of_text(dir, "profile = 1\n"), ":1: 'profile' must be a table");
  EXPECT_EQ(refusal_of_text(dir, "[profile]\ndefault = 1\n"), ":2: 'profile.default' must be a table");
  EXPECT_EQ(refusal_of_text(dir, "[profile.default.tls]\nclient_key_path = \"a\"\nclient_key_data = \"b\"\n"),
            ":1: 'profile.default.tls.client_key' is given as _path and as _data; one of them is enough");
  EXPECT_TRUE(refusal_of_text(dir, "[profile.default]\naddress = \n").starts_with(":2: ")) << "not TOML";
  EXPECT_EQ(refusal_of_text(dir, "[profile.default]\nadress = \"x\"\n", true),
            ":2: 'profile.default.adress' is not a setting");
  EXPECT_EQ(refusal_of_text(dir, "[profile.default]\nadress = \"x\"\n"), "nothing was refused");
}

TEST(config, refuses_files_and_profiles_that_are_not_there) {
  const scratch dir;
  const auto missing = dir.path("missing.toml");
  EXPECT_EQ(refusal({.file = missing, .environment = environment_variables{}}),
            "rondo: cannot read the settings in '" + missing + "'");
  EXPECT_EQ(refusal({.file = dir.path(), .environment = environment_variables{}}),
            "rondo: cannot read the settings in '" + dir.path() + "'");
  const auto empty = dir.write("empty.toml", "");
  EXPECT_EQ(refusal({.file = empty, .profile = "prod", .environment = environment_variables{}}),
            "rondo: there is no profile 'prod' in '" + empty + "'");
  EXPECT_EQ(refusal({.environment = environment_variables{{"TEMPORAL_PROFILE", "prod"}}}),
            "rondo: there is no profile 'prod' in any file: no settings were found");
  const environment_variables gone = {{"TEMPORAL_TLS_CLIENT_CERT_PATH", missing}};
  EXPECT_EQ(refusal({.use_file = false, .environment = gone}),
            "rondo: cannot read the client's certificate '" + missing + "'");
}

TEST(config, refuses_variables_that_make_no_sense) {
  const environment_variables both = {{"TEMPORAL_TLS_CLIENT_KEY_PATH", "a"}, {"TEMPORAL_TLS_CLIENT_KEY_DATA", "b"}};
  EXPECT_EQ(refusal({.use_file = false, .environment = both}),
            "rondo: TEMPORAL_TLS_CLIENT_KEY_PATH and TEMPORAL_TLS_CLIENT_KEY_DATA exclude each other");
  EXPECT_EQ(refusal({.use_file = false, .environment = environment_variables{{"TEMPORAL_TLS", "yes"}}}),
            "rondo: TEMPORAL_TLS must be true or false (or 1 or 0), but it is 'yes'");
}

TEST(config, takes_the_variables_of_the_process) {
  ASSERT_EQ(setenv("TEMPORAL_ADDRESS", "process:1", 1), 0);
  const auto options = rondo::load_client_options({.use_file = false});
  unsetenv("TEMPORAL_ADDRESS");
  EXPECT_EQ(options.target, "process:1");
}

}  // namespace config_test
