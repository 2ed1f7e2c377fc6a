// Requests and certificates from anybody: PEM and DER that are not what they say.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "x509/certificate.h"
#include "x509/handles.h"
#include "x509/request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)charon::x509::read_request(bytes);
  (void)charon::x509::read_certificate(bytes);
  (void)charon::x509::parse_certificates(bytes);
  (void)charon::x509::canonical_ip(bytes);
  // The same as the inside of a block, so that the fuzzer need not find base64.
  const std::string inside = charon::base64_encode(bytes);
  (void)charon::x509::read_request("-----BEGIN CERTIFICATE REQUEST-----\n" + inside + "\n-----END CERTIFICATE REQUEST-----\n");
  (void)charon::x509::read_certificate("-----BEGIN CERTIFICATE-----\n" + inside + "\n-----END CERTIFICATE-----\n");
  return 0;
}
