#pragma once
#include <string>

#include "rondo/codec.hpp"
#include "rondo/payload_storage.hpp"

// For tests of drivers of external storage.
namespace rondo::test::stored {

/// Whose the payloads are.
inline const serialization_context context{.namespace_ = "shop", .workflow_id = "order/1", .workflow_type = "order"};

/// SHA-256 of "abc".
inline const std::string hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// The text of what the function throws.
template <class Exception = storage_error, class Function>
std::string error_of(Function function) {
  try {
    function();
  } catch (const Exception& failed) {
    return failed.what();
  }
  return "none";
}

}  // namespace rondo::test::stored
