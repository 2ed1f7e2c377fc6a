// Requests from anybody: PEM and DER that are not what they say.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "x509/request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)charon::x509::read_request(bytes);
  // The same as the inside of a block, so that the fuzzer need not find base64.
  (void)charon::x509::read_request("-----BEGIN CERTIFICATE REQUEST-----\n" + charon::base64_encode(bytes) +
                                   "\n-----END CERTIFICATE REQUEST-----\n");
  return 0;
}
