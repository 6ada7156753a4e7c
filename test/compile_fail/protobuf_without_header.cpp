// expect: include rondo/protobuf.hpp to pass protobuf messages
#include <google/protobuf/type.pb.h>

#include <rondo/converter.hpp>

void pass(rondo::payload_sink& sink, const google::protobuf::Type& message) { rondo::encode(sink, message); }
