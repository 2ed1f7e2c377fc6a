// Gives Services their cluster address, node ports and health check port, out of what the watch cache shows as free; honours
// what is asked for. A Service that is written but not yet in the cache keeps what it got by a reservation of a few seconds.
//
// Addresses are handed out from the upper part of the range, so that the lower can be asked for (KEP-3070). IPv4 only.
#pragma once

#include <memory>
#include <string>

#include "rt/loop.h"
#include "rt/random.h"
#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

// `cidr`: "10.43.0.0/16"; CHECKs that it is an IPv4 range of 8 to 28 bits.
std::unique_ptr<AdmissionPlugin> make_service_ip_allocator(const rt::Clock& clock, rt::Random& random, Caches& caches,
                                                           const std::string& cidr);

}  // namespace charon::server
