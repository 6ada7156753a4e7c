#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/codec.hpp"
#include "rondo/codecs/encryption.hpp"
#include "rondo/codecs/zlib.hpp"
#include "rondo/detail/crypto/aes_gcm.hpp"
#include "rondo/detail/crypto/hmac.hpp"
#include "rondo/payload.hpp"

namespace rondo::test::codecs_test {

namespace crypto = rondo::detail::crypto;

payload json_payload(std::string text) {
  payload made;
  made.metadata["encoding"] = encoding::json;
  made.metadata["kept"] = "yes";
  made.data = std::move(text);
  return made;
}
encryption_key key(const std::string& id, char fill) { return {.id = id, .bytes = std::string(32, fill)}; }

payload encoded(const codec& by, payload what) {
  by.encode(std::span(&what, 1), {});
  return what;
}
payload decoded(const codec& by, payload what) {
  by.decode(std::span(&what, 1), {});
  return what;
}
std::string error_of(const codec& by, const payload& what) {
  try {
    decoded(by, what);
  } catch (const codec_error& failed) {
    return failed.what();
  }
  return "none";
}

// ---- the cipher

/// The bytes that hexadecimal digits stand for.
std::string bytes(std::string_view digits) {
  std::string out;
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    out += static_cast<char>(std::stoi(std::string(digits.substr(at, 2)), nullptr, 16));
  }
  return out;
}

TEST(aes_gcm, opens_the_published_examples_and_what_it_seals) {
  const std::string zeros(32, '\0');
  const std::string nonce(12, '\0');
  EXPECT_EQ(crypto::aes_gcm_open(zeros, nonce + bytes("530f8afbc74536b9a963b4f1c4cb738b")), "");
  const std::string sealed = nonce + bytes("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
  EXPECT_EQ(crypto::aes_gcm_open(zeros, sealed), std::string(16, '\0'));
  for (const std::string text : {"", "a", "a text that is longer than a block"}) {
    const std::string own = crypto::aes_gcm_seal(zeros, text);
    EXPECT_EQ(own.size(), 12 + text.size() + 16);
    EXPECT_EQ(crypto::aes_gcm_open(zeros, own), text);
    EXPECT_NE(crypto::aes_gcm_seal(zeros, text).substr(0, 12), own.substr(0, 12)) << "a nonce was used twice";
  }
  EXPECT_THROW(crypto::aes_gcm_seal("short", ""), std::runtime_error);
  EXPECT_EQ(crypto::aes_gcm_open("short", sealed), std::nullopt);
  EXPECT_EQ(crypto::aes_gcm_open(zeros, sealed.substr(0, 27)), std::nullopt);
  EXPECT_EQ(crypto::aes_gcm_open(zeros, sealed.substr(0, 43)), std::nullopt);
}

// ---- encryption

TEST(encryption_codec, hides_the_whole_payload_and_gives_it_back) {
  const encryption_codec codec(std::make_shared<key_ring>(key("one", 'k')));
  const auto plain = json_payload("\"secret\"");
  const auto sealed = encoded(codec, plain);
  EXPECT_EQ(sealed.encoding(), "binary/encrypted");
  EXPECT_EQ(sealed.entry("encryption-key-id"), "one");
  EXPECT_EQ(sealed.metadata.size(), 2U);
  EXPECT_EQ(sealed.data.find("secret"), std::string::npos);
  EXPECT_EQ(sealed.data.find("json"), std::string::npos);
  EXPECT_EQ(decoded(codec, sealed), plain);
  EXPECT_NE(encoded(codec, plain).data, sealed.data) << "a nonce was used twice";
  EXPECT_EQ(decoded(codec, plain), plain) << "what is not encrypted passes";
}

TEST(encryption_codec, reads_the_layout_of_other_languages) {
  // What their protobuf library writes for {encoding: json/plain} and "42", sealed with the nonce "123456789012".
  payload sealed;
  sealed.metadata["encoding"] = "binary/encrypted";
  sealed.metadata["encryption-key-id"] = "test-key-id";
  sealed.data = "123456789012" + bytes(
                                     "95a90b328e885cc3af2350e6d5603315b6f83fe373850ad370e42942c895fc51"
                                     "f4549267e9a43bee8392afdb");
  const encryption_codec codec(
      std::make_shared<key_ring>(encryption_key{.id = "test-key-id", .bytes = "test-key-test-key-test-key-test!"}));
  const auto plain = decoded(codec, sealed);
  EXPECT_EQ(plain.encoding(), "json/plain");
  EXPECT_EQ(plain.data, "42");
}

TEST(encryption_codec, keys_rotate) {
  const auto keys = std::make_shared<key_ring>(key("one", 'a'));
  const encryption_codec codec(keys);
  const auto old = encoded(codec, json_payload("1"));
  keys->rotate(key("two", 'b'));
  const auto fresh = encoded(codec, json_payload("2"));
  EXPECT_EQ(fresh.entry("encryption-key-id"), "two");
  EXPECT_EQ(decoded(codec, old).data, "1");
  EXPECT_EQ(decoded(codec, fresh).data, "2");
  const auto later = std::make_shared<key_ring>(key("three", 'c'));
  later->add_old(key("two", 'b'));
  later->add_old(key("three", 'x'));
  EXPECT_EQ(decoded(encryption_codec(later), fresh).data, "2");
  EXPECT_EQ(later->current({}).bytes, std::string(32, 'c'));
  EXPECT_EQ(error_of(encryption_codec(later), old),
            "a payload is encrypted with the key 'one', which is not known here");
}

TEST(encryption_codec, what_was_changed_is_an_error) {
  const encryption_codec codec(std::make_shared<key_ring>(key("one", 'a')));
  const auto sealed = encoded(codec, json_payload("1"));
  const std::string wanted = "a payload cannot be decrypted: it was changed, or 'one' is another key here";
  for (std::size_t at = 0; at < sealed.data.size(); ++at) {
    auto changed = sealed;
    changed.data[at] = static_cast<char>(changed.data[at] ^ 1);
    ASSERT_EQ(error_of(codec, changed), wanted) << at;
  }
  for (const std::size_t size : {0U, 5U, 12U, 27U}) {
    auto cut = sealed;
    cut.data.resize(size);
    EXPECT_EQ(error_of(codec, cut), wanted) << size;
  }
  EXPECT_EQ(error_of(encryption_codec(std::make_shared<key_ring>(key("one", 'b'))), sealed), wanted);
}

/// A key for each workflow, which knows of no other.
class key_per_workflow final : public key_provider {
 public:
  explicit key_per_workflow(std::string bytes = std::string(32, 'w')) : bytes_(std::move(bytes)) {}
  encryption_key current(const serialization_context& context) const override {
    if (context.workflow_id.empty()) throw std::logic_error("whose key?");
    return {.id = "key of " + context.workflow_id, .bytes = bytes_};
  }
  std::optional<std::string> find(std::string_view id, const serialization_context& context) const override {
    if (id != "key of " + context.workflow_id) return std::nullopt;
    return bytes_;
  }
  bool is_slow() const override { return true; }

 private:
  std::string bytes_;
};

TEST(encryption_codec, asks_for_the_key_of_those_whose_payloads_they_are) {
  const encryption_codec codec(std::make_shared<key_per_workflow>());
  EXPECT_TRUE(codec.is_slow());
  EXPECT_FALSE(encryption_codec(std::make_shared<key_ring>(key("one", 'a'))).is_slow());
  const serialization_context order{.workflow_id = "order"}, other{.workflow_id = "other"};
  auto what = json_payload("1");
  codec.encode(std::span(&what, 1), order);
  EXPECT_EQ(what.entry("encryption-key-id"), "key of order");
  EXPECT_THROW(codec.decode(std::span(&what, 1), other), codec_error);
  codec.decode(std::span(&what, 1), order);
  EXPECT_EQ(what, json_payload("1"));
  EXPECT_NO_THROW(codec.encode({}, {})) << "nothing needs no key";
}

TEST(encryption_codec, a_provider_of_bad_keys_is_an_error_of_the_codec) {
  const encryption_codec codec(std::make_shared<key_per_workflow>("short"));
  auto what = json_payload("1");
  try {
    codec.encode(std::span(&what, 1), {.workflow_id = "order"});
    ADD_FAILURE() << "a short key encrypted";
  } catch (const codec_error& failed) {
    EXPECT_STREQ(failed.what(),
                 "a payload cannot be encrypted with the key 'key of order': a key of 32 bytes is needed");
  }
  EXPECT_EQ(what, json_payload("1"));
}

TEST(encryption_codec, bad_keys_are_refused) {
  EXPECT_THROW(key_ring({.id = "one", .bytes = "short"}), std::invalid_argument);
  EXPECT_THROW(key_ring({.id = "", .bytes = std::string(32, 'a')}), std::invalid_argument);
  EXPECT_THROW(encryption_codec(nullptr), std::invalid_argument);
}

// ---- compression

TEST(zlib_codec, compresses_what_gets_smaller) {
  const zlib_codec codec;
  const auto large = json_payload("\"" + std::string(1000, 'x') + "\"");
  const auto packed = encoded(codec, large);
  EXPECT_EQ(packed.encoding(), "binary/zlib");
  EXPECT_EQ(packed.metadata.size(), 1U);
  EXPECT_LT(packed.data.size(), 100U);
  EXPECT_EQ(decoded(codec, packed), large);
  const auto small = json_payload("1");
  EXPECT_EQ(encoded(codec, small), small);
  EXPECT_EQ(decoded(codec, small), small);
  const zlib_codec always({.always = true});
  EXPECT_EQ(encoded(always, small).encoding(), "binary/zlib");
  EXPECT_EQ(decoded(codec, encoded(always, small)), small);
}

TEST(zlib_codec, a_payload_that_grows_too_much_is_an_error) {
  const auto packed = encoded(zlib_codec(), json_payload(std::string(100000, 'x')));
  EXPECT_EQ(error_of(zlib_codec({.max_size = 50000}), packed), "a compressed payload has more than 50000 bytes");
  const std::size_t exact = detail::data::payload_bytes(json_payload(std::string(100000, 'x'))).size();
  EXPECT_EQ(error_of(zlib_codec({.max_size = exact}), packed), "none");
  EXPECT_NE(error_of(zlib_codec({.max_size = exact - 1}), packed), "none");
}

TEST(zlib_codec, damaged_bytes_are_an_error) {
  auto packed = encoded(zlib_codec(), json_payload(std::string(1000, 'x')));
  packed.data.resize(packed.data.size() - 3);
  EXPECT_EQ(error_of(zlib_codec(), packed), "a compressed payload is damaged");
  packed.data = "nothing";
  EXPECT_EQ(error_of(zlib_codec(), packed), "a compressed payload is damaged");
  packed.data.clear();
  EXPECT_EQ(error_of(zlib_codec(), packed), "a compressed payload is damaged");
}

// ---- chains

TEST(codec_chain, the_first_is_the_outermost) {
  const codec_chain chain = {std::make_shared<encryption_codec>(std::make_shared<key_ring>(key("one", 'a'))),
                             std::make_shared<zlib_codec>()};
  std::vector<payload> both = {json_payload(std::string(1000, 'x')), json_payload("1")};
  const auto before = both;
  encode_with(chain, both, {});
  EXPECT_EQ(both[0].encoding(), "binary/encrypted");
  EXPECT_LT(both[0].data.size(), 200U) << "what is encrypted cannot be compressed any more";
  EXPECT_EQ(both[1].encoding(), "binary/encrypted");
  decode_with(chain, both, {});
  EXPECT_EQ(both, before);
}

}  // namespace rondo::test::codecs_test
