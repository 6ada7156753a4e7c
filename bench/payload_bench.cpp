// Values to payloads and back.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "rondo/converter.hpp"

namespace {

struct item {
  std::string sku;
  int count = 0;
  double price = 0;
};
struct order {
  std::string id;
  std::string customer;
  std::vector<item> items;
  bool express = false;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(item, sku, count, price)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(order, id, customer, items, express)

const order sample{.id = "order-4711",
                   .customer = "Ada Lovelace",
                   .items = {{"apple", 3, 0.5}, {"a rather long name of a thing", 1, 19.99}, {"pear", 12, 0.25}},
                   .express = true};

/// Keeps the memory of one payload, as a request on an arena does.
class kept_sink final : public rondo::payload_sink {
 public:
  std::string& add(std::string_view /*encoding*/) override {
    data.clear();
    return data;
  }
  void set_metadata(std::string_view /*key*/, std::string_view /*value*/) override {}
  std::string data;
};

void encode_struct(benchmark::State& state) {
  kept_sink sink;
  for (auto _ : state) {
    rondo::encode(sink, sample);
    benchmark::DoNotOptimize(sink.data.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(sink.data.size()));
}
BENCHMARK(encode_struct);

void encode_struct_nlohmann(benchmark::State& state) {
  std::string text;
  for (auto _ : state) {
    text = nlohmann::json(sample).dump();
    benchmark::DoNotOptimize(text.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(encode_struct_nlohmann);

void decode_struct(benchmark::State& state) {
  kept_sink sink;
  rondo::encode(sink, sample);
  const rondo::payload_view view("json/plain", sink.data);
  for (auto _ : state) benchmark::DoNotOptimize(rondo::decode<order>(view));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(sink.data.size()));
}
BENCHMARK(decode_struct);

void decode_struct_nlohmann(benchmark::State& state) {
  const std::string text = nlohmann::json(sample).dump();
  for (auto _ : state) benchmark::DoNotOptimize(nlohmann::json::parse(text).get<order>());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(decode_struct_nlohmann);

}  // namespace

BENCHMARK_MAIN();
