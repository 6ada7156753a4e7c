// expect: failures are thrown, not passed as values
#include "rondo/converter.hpp"
#include "rondo/failure.hpp"

class out_of_stock : public rondo::application_failure {
 public:
  using rondo::application_failure::application_failure;
};

template <>
struct rondo::payload_codec<out_of_stock> {
  static void encode(payload_sink& sink, const out_of_stock& value) { sink.add("json/plain") = value.message(); }
};

void write(rondo::payload_sink& sink) { rondo::encode(sink, out_of_stock("none left")); }
