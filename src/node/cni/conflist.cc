#include "node/cni/conflist.h"

#include <boost/json.hpp>

#include "codec/json.h"

namespace charon::node {

std::string conflist(const PodNetwork& network) {
  boost::json::array ranges;
  boost::json::array routes;
  for (const auto& cidr : network.pod_cidrs) {
    ranges.push_back(boost::json::array{boost::json::object{{"subnet", cidr}}});
    routes.push_back(boost::json::object{{"dst", cidr.find(':') == std::string::npos ? "0.0.0.0/0" : "::/0"}});
  }
  boost::json::object bridge{
      {"type", "bridge"},
      {"bridge", network.bridge},
      {"isGateway", true},
      {"ipMasq", true},
      {"hairpinMode", true},
      {"ipam", boost::json::object{{"type", "host-local"}, {"dataDir", network.ipam_data_dir}, {"ranges", ranges}, {"routes", routes}}},
  };
  if (network.mtu > 0) bridge["mtu"] = network.mtu;
  boost::json::object portmap{{"type", "portmap"}, {"capabilities", boost::json::object{{"portMappings", true}}}};
  codec::Value list = boost::json::object{
      {"cniVersion", "0.4.0"}, {"name", network.name}, {"plugins", boost::json::array{bridge, portmap}}};
  return codec::write_json_pretty(list) + "\n";
}

Result<void> write_conflist(rt::Files& files, const std::string& conf_dir, const PodNetwork& network) {
  if (network.pod_cidrs.empty()) return fail(Reason::BadRequest, "the node has no pod CIDR");
  std::string path = conf_dir + "/10-charon.conflist";
  std::string text = conflist(network);
  if (auto old = files.read(path); old && *old == text) return {};
  TRY(files.make_dirs(conf_dir, 0755));
  return files.write_atomic(path, text, 0644);
}

}  // namespace charon::node
