#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/config.hpp"
#include "support/scratch.hpp"

// Files of settings as a whole: which profiles they have, and how they are written.
namespace rondo::test::config_file_test {

using names = std::vector<std::string>;

config_source only(const std::string& file) { return {.file = file, .environment = environment_variables{}}; }

std::string written(const scratch& dir, const std::string& name, const std::string& text) {
  const std::string path = dir.file(name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string text_of(const std::string& file) {
  std::ifstream from(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
}

template <class Error = std::invalid_argument, class Function>
std::string refusal(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

/// Everything that a file can say, with characters that need care.
client_config everything() {
  client_config all;
  all["default"].address = "localhost:7233";
  client_profile& cloud = all["cloud \"7\".east"];
  cloud = {.address = "acme.tmprl.cloud:7233",
           .namespace_ = "acme.orders",
           .api_key = "a\\b\"c'd\te\x01\x7F",
           .authority = "gateway.example",
           .codec_endpoint = "http://localhost:1",
           .codec_auth = "Bearer x",
           .tls = tls_profile(),
           .metadata = {{"team-name", "Bestellungen für 3 €"}, {"x.y", ""}}};
  cloud.tls->disabled = false;
  cloud.tls->client_certificate.path = "C:\\certificates\\client.pem";
  cloud.tls->client_key.data = "-----BEGIN PRIVATE KEY-----\nMIIE\r\n-----END PRIVATE KEY-----\n";
  cloud.tls->server_ca.path = "/etc/ca.pem";
  cloud.tls->server_name = "server";
  cloud.tls->disable_host_verification = true;
  all["off"].tls.emplace().disabled = true;
  all["plain tls"].tls.emplace();
  all["nothing"];
  return all;
}

TEST(config_file, is_written_as_it_is_read) {
  const client_config all = everything();
  const std::string text = to_toml(all);
  EXPECT_EQ(parse_client_config(text), all) << text;
  EXPECT_EQ(to_toml(parse_client_config(text)), text);
  EXPECT_EQ(to_toml({}), "");
  EXPECT_EQ(parse_client_config(""), client_config());
}

TEST(config_file, looks_like_those_of_other_sdks) {
  client_config all;
  all["prod"] = {
      .address = "a:1", .namespace_ = "n", .api_key = "k", .tls = tls_profile(), .metadata = {{"Team_X", "t"}}};
  all["prod"].tls->client_key.path = "key.pem";
  EXPECT_EQ(to_toml(all), R"([profile.prod]
address = "a:1"
namespace = "n"
api_key = "k"

[profile.prod.tls]
client_key_path = "key.pem"

[profile.prod.grpc_meta]
team-x = "t"
)");
}

TEST(config_file, lists_its_profiles) {
  const scratch dir;
  const auto file =
      written(dir, "temporal.toml", "[profile.prod]\n[profile.default]\naddress = 7\n[profile.\"a b\".tls]\n");
  EXPECT_EQ(list_profiles(only(file)), (names{"a b", "default", "prod"}));
  EXPECT_EQ(list_profiles({.environment = environment_variables{{"TEMPORAL_CONFIG_FILE", file}}}).size(), 3U);
  EXPECT_EQ(list_profiles(only(written(dir, "empty.toml", ""))), names());
  EXPECT_EQ(list_profiles({.environment = environment_variables{{"XDG_CONFIG_HOME", dir.file("none")}}}), names());
  EXPECT_EQ(list_profiles({.file = file, .use_file = false}), names());
  const auto bad = written(dir, "bad.toml", "profile = 1\n");
  EXPECT_EQ(refusal([&] { list_profiles(only(bad)); }), "rondo: " + bad + ":1: 'profile' must be a table");
  const auto missing = dir.file("missing.toml");
  EXPECT_EQ(refusal([&] { list_profiles(only(missing)); }), "rondo: cannot read the settings in '" + missing + "'");
}

/// What others may do with the file.
unsigned rights_of(const std::string& file) {
  struct stat facts {};
  EXPECT_EQ(stat(file.c_str(), &facts), 0);
  return facts.st_mode & 0777U;
}

TEST(config_file, is_saved_for_its_owner_alone) {
  const scratch dir;
  const mode_t mask = umask(022);
  const environment_variables own = {{"XDG_CONFIG_HOME", dir.file("new")}};
  const std::string file = dir.file("new/temporalio/temporal.toml");
  save_client_config(everything(), {.environment = own});
  EXPECT_EQ(load_client_config({.environment = own}), everything());
  EXPECT_EQ(rights_of(file), 0600U);
  EXPECT_EQ(chmod(file.c_str(), 0644), 0);

  client_config changed = load_client_config({.environment = own});
  changed.erase("off");
  changed["default"].namespace_ = "shop";
  save_client_config(changed, only(file));
  umask(mask);
  EXPECT_EQ(rights_of(file), 0600U);
  EXPECT_EQ(load_client_config(only(file)), changed);
  EXPECT_EQ(load_client_options(only(file)).namespace_, "shop");
  EXPECT_EQ(refusal([&] { load_client_profile({.file = file, .profile = "off", .environment = own}); }),
            "rondo: there is no profile 'off' in '" + file + "'");
}

TEST(config_file, is_made_where_it_is_named) {
  const scratch dir;
  const auto file = dir.file("new/mine.toml");
  const environment_variables named = {{"TEMPORAL_CONFIG_FILE", file}};
  EXPECT_EQ(load_client_config(only(file)), client_config());
  client_config config = load_client_config({.environment = named});
  EXPECT_EQ(config, client_config());
  config["default"].address = "a:1";
  save_client_config(config, {.environment = named});
  EXPECT_EQ(load_client_config(only(file)), config);
  EXPECT_EQ(refusal([&] { load_client_config(only(dir.folder())); }),
            "rondo: cannot read the settings in '" + dir.folder().string() + "'");
}

TEST(config_file, takes_nothing_of_the_environment_but_its_place) {
  const scratch dir;
  const auto file = written(dir, "temporal.toml", "[profile.default]\naddress = \"file:1\"\n");
  const environment_variables environment = {{"TEMPORAL_CONFIG_FILE", file}, {"TEMPORAL_ADDRESS", "variable:1"}};
  EXPECT_EQ(load_client_config({.environment = environment}).at("default").address, "file:1");
  EXPECT_EQ(load_client_profile({.environment = environment}).address, "variable:1");
  EXPECT_EQ(make_client_options(load_client_profile({.environment = environment})).target, "variable:1");
}

TEST(config_file, keeps_the_old_one_when_it_cannot_be_saved) {
  const scratch dir;
  const auto file = written(dir, "temporal.toml", "[profile.default]\n");
  client_config bad;
  bad["default"].api_key = "secret \xFF";
  EXPECT_EQ(refusal([&] { save_client_config(bad, only(file)); }),
            "rondo: profile.default.api_key is not UTF-8, so it cannot be written as TOML");
  EXPECT_EQ(text_of(file), "[profile.default]\n");
  const auto folder = dir.file("a-folder");
  std::filesystem::create_directory(folder);
  EXPECT_EQ(refusal<std::runtime_error>([&] { save_client_config({}, only(folder)); }),
            "rondo: cannot write the settings to '" + folder + "': it is a folder");
  EXPECT_EQ(refusal([&] { save_client_config({}, {.environment = environment_variables{}}); }),
            "rondo: no file to save the settings to: set config_source::file");
  const auto count = std::distance(std::filesystem::directory_iterator(dir.folder()), {});
  EXPECT_EQ(count, 2) << "nothing is left behind";
}

TEST(config_file, stays_where_a_link_leads) {
  const scratch dir;
  const auto real = written(dir, "real.toml", "");
  const auto link = dir.file("link.toml");
  std::filesystem::create_symlink(real, link);
  client_config one;
  one["p"];
  save_client_config(one, only(link));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(text_of(real), "[profile.p]\n");

  const auto first = dir.file("first.toml"), second = dir.file("second.toml"), missing = dir.file("missing.toml");
  std::filesystem::create_symlink("second.toml", first);
  std::filesystem::create_symlink(missing, second);
  EXPECT_EQ(load_client_config(only(first)), client_config());
  save_client_config(one, only(first));
  EXPECT_TRUE(std::filesystem::is_symlink(first));
  EXPECT_TRUE(std::filesystem::is_symlink(second));
  EXPECT_EQ(text_of(missing), "[profile.p]\n");

  const auto circle = dir.file("circle.toml");
  std::filesystem::create_symlink(circle, circle);
  EXPECT_EQ(refusal<std::runtime_error>([&] { save_client_config(one, only(circle)); }),
            "rondo: cannot write the settings to '" + circle + "': too many links lead on to others");
}

TEST(config_file, refuses_settings_that_it_would_lose) {
  const auto said = [](const std::string& text) { return refusal([&] { parse_client_config(text); }); };
  EXPECT_EQ(said("[profile.a]\nadress = \"x\"\n"), "rondo: the text:2: 'profile.a.adress' is not a setting");
  EXPECT_EQ(said("[profile.a.tls]\nciphers = \"x\"\n"), "rondo: the text:2: 'profile.a.tls.ciphers' is not a setting");
  EXPECT_EQ(said("[profile.a]\n[other]\n"), "rondo: the text:2: 'other' is not a setting");
  EXPECT_EQ(said("[profile.a.grpc_meta]\nx_y = \"1\"\nx-y = \"2\"\n").find("is the same header as 'x-y'") !=
                std::string::npos,
            true);
  const scratch dir;
  const auto file = written(dir, "temporal.toml", "[profile.a]\nadress = \"x\"\n");
  EXPECT_EQ(refusal([&] { load_client_config(only(file)); }),
            "rondo: " + file + ":2: 'profile.a.adress' is not a setting");
}

TEST(config_file, refuses_to_write_what_could_not_be_read) {
  const auto said = [](const client_profile& what) {
    return refusal([&] {
      client_config all;
      all["a"] = what;
      to_toml(all);
    });
  };
  client_profile both;
  both.tls.emplace().client_key = {.path = "p", .data = "secret"};
  EXPECT_EQ(said(both), "rondo: profile.a.tls.client_key is given as path and as data; one is enough");
  client_profile twice;
  twice.metadata = {{"x_y", "1"}, {"X-y", "2"}};
  EXPECT_EQ(said(twice),
            "rondo: profile.a.grpc_meta has the header 'x-y' twice: names mean the same with - and _, and in any case");
  client_config nameless;
  nameless[""];
  EXPECT_EQ(refusal([&] { to_toml(nameless); }), "rondo: a profile without a name cannot be written");
}

TEST(config_file, tells_no_secrets_when_it_is_wrong) {
  for (const std::string& wrong :
       names{"topsecret", "true_topsecret", "truetopsecret", "0xtopsecret", "2020-topsecret", "\"topsecret",
             "'topsecret", "nantopsecret", "inftopsecret", "12topsecret", "[topsecret", "{topsecret", "\"a\"topsecret",
             "\"a\\qtopsecret\"", "999999999999999999999topsecret", "\"\"\"topsecret"}) {
    const auto said = refusal([&] { parse_client_config("[profile.a]\napi_key = " + wrong + "\n"); });
    EXPECT_TRUE(said.starts_with("rondo: the text:")) << said;
    EXPECT_EQ(said.find("secret"), std::string::npos) << said;
    EXPECT_EQ(said.find("top"), std::string::npos) << said;
  }
  const auto said = refusal([] { parse_client_config("[profile.a]\napi_key = 99999999999999999999\n"); });
  EXPECT_TRUE(said.starts_with("rondo: the text:2: ")) << said;
  EXPECT_EQ(said.find("99"), std::string::npos) << said;

  const auto of_value = [](const std::string& value) {
    return refusal([&] { parse_client_config("[profile.a]\napi_key = " + value + "\n"); });
  };
  EXPECT_EQ(of_value("2020-13-01"),
            "rondo: the text:2: Error while parsing date: expected month between 1 and 12 (inclusive)");
  EXPECT_EQ(of_value("2020-01-01T99:00:00"),
            "rondo: the text:2: Error while parsing time: expected hour between 0 to 59 (inclusive)");
  EXPECT_EQ(of_value("\"\\q\""), "rondo: the text:2: Error while parsing string: unknown escape sequence");
  EXPECT_EQ(of_value("99999999999999999999"), "rondo: the text:2: Error while parsing decimal integer");
}

}  // namespace rondo::test::config_file_test
