// A load generator for the API server: `charon-load` keeps C connections busy with S requests each at a time, and prints one
// line of JSON.
//
//   charon-load create|get|update|apply|patch|delete|list|watch --port N --ca F --cert F --key F --namespace NS --requests N
//               --connections C --streams S [--bytes B] [--first N] [--names N] [--watchers W] [--accept TYPE]
//               [--resource configmaps|pods|deployments]
//   charon-load watches --watchers W --connections C ...
//   charon-load serve --port N --ca F --cert F --key F --bytes B
//
// create, get, update, apply, patch and delete work on ConfigMaps load-0 ... of the namespace (or from load-<first> on; all but
// create come back to load-0 after `names`); updates and applies write another annotation each time;
// list reads them all with each request; watch keeps W watches open, changes one ConfigMap `requests` times, and measures from
// sending a change to each watch's having it. watches opens W of them, says "open", and holds them until its input ends. Pods
// are for no scheduler, and deployments are paused and have no pods. serve is the yardstick: the same HTTP and TLS, answering B
// bytes to whatever is asked.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "net/client.h"
#include "net/server.h"
#include "rt/os/loop.h"
#include "rt/os/net.h"
#include "rt/scope.h"

namespace charon {
namespace {

constexpr std::size_t kBodyLimitBytes = 1u << 30;

struct Options {
  std::string verb;
  std::map<std::string, std::string> values = {{"port", "6443"},
                                               {"namespace", "default"},
                                               {"requests", "1000"},
                                               {"connections", "1"},
                                               {"streams", "1"},
                                               {"bytes", "16"},
                                               {"names", "1000000"},
                                               {"watchers", "100"},
                                               {"accept", "application/json"},
                                               {"resource", "configmaps"},
                                               {"first", "0"}};
  const std::string& text(const std::string& name) const { return values.at(name); }
  std::size_t number(const std::string& name) const { return std::strtoull(values.at(name).c_str(), nullptr, 10); }
};

[[noreturn]] void fail_with(const std::string& what) {
  std::fprintf(stderr, "charon-load: %s\n", what.c_str());
  std::exit(1);
}

std::string file(const std::string& path) {
  std::ifstream in(path);
  if (!in) fail_with("cannot read " + path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

Options parse(int argc, char** argv) {
  if (argc < 2)
    fail_with(
        "usage: charon-load create|get|update|apply|patch|delete|list|watch|watches --port N --ca F --cert F --key F ...");
  Options options;
  options.verb = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) options.values[std::string(argv[i]).substr(2)] = argv[i + 1];
  for (const char* needed : {"ca", "cert", "key"})
    if (!options.values.contains(needed)) fail_with(std::string("--") + needed + " is needed");
  return options;
}

class Load {
 public:
  Load(rt::OsLoop& loop, Options options) : loop_(loop), options_(std::move(options)), net_(rt::make_os_net(loop)) {
    auto tls = net::make_tls_client({.ca_pem = file(options_.text("ca")),
                                     .identity = net::KeyPair{file(options_.text("cert")), file(options_.text("key"))},
                                     .server_name = "127.0.0.1"});
    if (!tls) fail_with(tls.error().message);
    tls_ = *tls;
    next_ = options_.number("first");
    folder_ = (options_.text("resource") == "deployments" ? "/apis/apps/v1/namespaces/" : "/api/v1/namespaces/") +
              options_.text("namespace") + "/" + options_.text("resource");
  }

  rt::Task<void> run() {
    if (options_.verb == "watch") {
      co_await watch();
    } else if (options_.verb == "watches") {
      co_await hold_watches();
    } else {
      co_await requests();
    }
  }

 private:
  std::unique_ptr<net::HttpClient> client() {
    const auto port = static_cast<std::uint16_t>(options_.number("port"));
    return net::make_client(loop_, *net_, {.address = rt::Address::tcp("127.0.0.1", port), .tls = tls_});
  }

  // Named after its number; what changes it says so.
  std::string deployment(std::size_t number, std::size_t change) const {
    return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"load-)" + std::to_string(number) +
           R"(","labels":{"app":"load"},"annotations":{"change":")" + std::to_string(change) +
           R"("}},"spec":{"paused":true,"replicas":0,"selector":{"matchLabels":{"app":"load"}},"template":{"metadata":{"labels":)"
           R"({"app":"load"}},"spec":{"containers":[{"name":"main","image":"registry.example/app:1","args":["serve"],)"
           R"("ports":[{"name":"http","containerPort":8080}],"env":[{"name":"VALUE","value":")" +
           std::string(options_.number("bytes"), 'x') +
           R"("}],"resources":{"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"memory":"64Mi"}},)"
           R"("readinessProbe":{"httpGet":{"path":"/ready","port":"http"}}}]}}}})";
  }

  std::string changed(std::size_t number) const {
    const std::size_t name = number % options_.number("names");
    if (options_.text("resource") == "deployments") return deployment(name, number);
    return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"load-)" + std::to_string(name) +
           R"(","annotations":{"change":")" + std::to_string(number) + R"("}},"data":{"value":")" +
           std::string(options_.number("bytes"), 'x') + "\"}}";
  }

  std::string body(std::size_t number) const {
    if (options_.text("resource") == "deployments") return deployment(number, number);
    if (options_.text("resource") == "pods")
      return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"load-)" + std::to_string(number) +
             R"(","labels":{"app":"load"}},"spec":{"schedulerName":"none","containers":[{"name":"main",)"
             R"("image":"registry.example/app:1","args":["serve"],"env":[{"name":"VALUE","value":")" +
             std::string(options_.number("bytes"), 'x') + R"("}],"resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}]}})";
    return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"load-)" + std::to_string(number) +
           R"("},"data":{"value":")" + std::string(options_.number("bytes"), 'x') + "\"}}";
  }

  net::Headers accept() const { return {{"accept", options_.text("accept")}}; }

  net::ClientRequest request(std::size_t number) const {
    const std::string path = folder_ + "/load-" + std::to_string(number % options_.number("names"));
    if (options_.verb == "create") return {"POST", folder_, {{"content-type", "application/json"}}, body(number)};
    if (options_.verb == "get") return {.path = path};
    if (options_.verb == "update") return {"PUT", path, {{"content-type", "application/json"}}, changed(number)};
    if (options_.verb == "apply")
      return {
          "PATCH", path + "?fieldManager=load&force=true", {{"content-type", "application/apply-patch+yaml"}}, changed(number)};
    if (options_.verb == "list") return {.path = folder_, .headers = accept()};
    if (options_.verb == "delete") return {.method = "DELETE", .path = path};
    if (options_.verb == "patch")
      return {"PATCH", path, {{"content-type", "application/merge-patch+json"}}, R"({"data":{"patched":"yes"}})"};
    fail_with("no verb " + options_.verb);
  }

  rt::Task<void> requests() {
    const std::size_t requests = options_.number("requests");
    const std::size_t end = next_ + requests;
    std::vector<std::unique_ptr<net::HttpClient>> clients;
    for (std::size_t i = 0; i < options_.number("connections"); ++i) clients.push_back(client());
    for (const auto& one : clients) {  // handshakes are not measured
      auto ready = co_await one->fetch({.path = "/healthz"}, kBodyLimitBytes);
      if (!ready) fail_with(ready.error().message);
    }
    rt::Scope scope(loop_);
    const rt::Instant start = loop_.clock().now();
    for (const auto& one : clients)
      for (std::size_t i = 0; i < options_.number("streams"); ++i) scope.spawn(worker(one.get(), end));
    co_await scope.drained();
    report(requests, loop_.clock().now() - start);
  }

  rt::Task<void> worker(net::HttpClient* client, std::size_t end) {
    while (next_ < end) {
      net::ClientRequest one = request(next_++);
      const rt::Instant start = loop_.clock().now();
      auto stream = co_await client->open(std::move(one));
      if (!stream) fail_with(stream.error().message);
      auto data = co_await (*stream)->read();
      if ((*stream)->status() / 100 != 2)
        fail_with("status " + std::to_string((*stream)->status()) + ": " + data.value_or(std::string()));
      // The body is counted, not kept.
      while (data && !data->empty()) {
        bytes_ += data->size();
        data = co_await (*stream)->read();
      }
      if (!data) fail_with(data.error().message);
      delays_.push_back(loop_.clock().now() - start);
    }
  }

  // Events that are whole with `data`: lines of JSON, or frames of protobuf with their lengths, of which `rest` is the
  // beginning of the next.
  std::size_t count_events(const std::string& data, std::string& rest) const {
    if (options_.text("accept") == "application/json")
      return static_cast<std::size_t>(std::count(data.begin(), data.end(), '\n'));
    rest += data;
    std::size_t events = 0, place = 0;
    while (rest.size() - place >= 4) {
      std::size_t size = 4;
      for (std::size_t i = 0, length = 0; i < 4; ++i) {
        length = length << 8 | static_cast<unsigned char>(rest[place + i]);
        if (i == 3) size += length;
      }
      if (rest.size() - place < size) break;
      place += size;
      ++events;
    }
    rest.erase(0, place);
    return events;
  }

  // One that nothing happens on.
  rt::Task<void> idle_watcher(net::HttpClient* client) {
    const std::string path = folder_ + "?watch=1&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dnothing";
    auto stream = co_await client->open({.path = path, .headers = accept()});
    if (!stream || (*stream)->status() != 200) fail_with("the watch does not open");
    ++open_;
    while (true) {
      auto data = co_await (*stream)->read();
      if (!data || data->empty()) fail_with("a watch ended early");
    }
  }

  rt::Task<void> hold_watches() {
    std::vector<std::unique_ptr<net::HttpClient>> clients;
    for (std::size_t i = 0; i < options_.number("connections"); ++i) clients.push_back(client());
    rt::Scope scope(loop_);
    const std::size_t total = options_.number("watchers");
    for (std::size_t i = 0; i < total; ++i) scope.spawn(idle_watcher(clients[i % clients.size()].get()));
    while (open_ < total) co_await rt::sleep(loop_, std::chrono::milliseconds(10));
    std::printf("open\n");
    std::fflush(stdout);
    // A thread of its own waits for the end of the input, so that the connections live on.
    std::atomic<bool> over = false;
    std::thread reader([&over] {
      while (std::getchar() != EOF) {
      }
      over = true;
    });
    while (!over) co_await rt::sleep(loop_, std::chrono::milliseconds(50));
    reader.join();
  }

  // Events of a watch are told apart by the number that the change wrote.
  rt::Task<void> watcher(net::HttpClient* client, std::string revision, std::size_t total) {
    const std::string path = folder_ + "?watch=1&fieldSelector=metadata.name%3Dload-0&resourceVersion=" + revision;
    auto stream = co_await client->open({.path = path, .headers = accept()});
    if (!stream || (*stream)->status() != 200) fail_with("the watch does not open");
    ++open_;
    std::size_t seen = 0;
    std::string rest;
    while (seen < total) {
      auto data = co_await (*stream)->read();
      if (!data || data->empty()) fail_with("a watch ended early");
      const rt::Instant now = loop_.clock().now();
      for (std::size_t events = count_events(*data, rest); events > 0 && seen < total; --events)
        delays_.push_back(now - sent_[seen++]);
    }
  }

  rt::Task<void> watch() {
    const std::size_t total = options_.number("requests");
    auto writer = client();
    auto made = co_await writer->fetch({"POST", folder_, {{"content-type", "application/json"}}, body(0)}, kBodyLimitBytes);
    auto list = co_await writer->fetch({.path = folder_ + "?limit=1"}, kBodyLimitBytes);
    if (!list) fail_with(list.error().message);
    const std::string mark = R"("resourceVersion":")";
    const std::size_t at = list->body.find(mark) + mark.size();
    const std::string revision = list->body.substr(at, list->body.find('"', at) - at);
    std::vector<std::unique_ptr<net::HttpClient>> clients;
    rt::Scope scope(loop_);
    for (std::size_t i = 0; i < options_.number("watchers"); ++i) {
      clients.push_back(client());
      scope.spawn(watcher(clients.back().get(), revision, total));
    }
    while (open_ < options_.number("watchers")) co_await rt::sleep(loop_, std::chrono::milliseconds(10));
    const rt::Instant start = loop_.clock().now();
    for (std::size_t i = 0; i < total; ++i) {
      sent_.push_back(loop_.clock().now());
      auto done = co_await writer->fetch({"PATCH",
                                          folder_ + "/load-0",
                                          {{"content-type", "application/merge-patch+json"}},
                                          R"({"data":{"n":")" + std::to_string(i) + "\"}}"},
                                         kBodyLimitBytes);
      if (!done || done->status != 200) fail_with("a change failed");
    }
    co_await scope.drained();
    report(total, loop_.clock().now() - start);
  }

  double percentile_ms(double part) {
    if (delays_.empty()) return 0;
    const auto place = delays_.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(delays_.size() - 1));
    std::nth_element(delays_.begin(), place, delays_.end());
    return std::chrono::duration<double, std::milli>(*place).count();
  }

  void report(std::size_t total, rt::Duration took) {
    const double seconds = std::chrono::duration<double>(took).count();
    std::printf(R"({"verb":"%s","requests":%zu,"seconds":%.4f,"per_second":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"bytes":%zu})"
                "\n",
                options_.verb.c_str(), total, seconds, static_cast<double>(total) / seconds, percentile_ms(0.5),
                percentile_ms(0.99), bytes_);
  }

  rt::OsLoop& loop_;
  Options options_;
  std::unique_ptr<rt::Net> net_;
  std::shared_ptr<net::TlsClient> tls_;
  std::string folder_;
  std::size_t next_ = 0;
  std::size_t bytes_ = 0;
  std::size_t open_ = 0;
  std::vector<rt::Instant> sent_;
  std::vector<rt::Duration> delays_;
};

SharedBytes payload;

rt::Task<void> answer(net::Exchange& exchange) {
  std::vector<net::Piece> body;
  body.push_back(net::Piece::of(payload));
  co_await exchange.respond(200, {{"content-type", "application/json"}}, std::move(body));
}

void serve(rt::OsLoop& loop, const Options& options) {
  payload = share(std::string(options.number("bytes"), 'x'));
  const auto net = rt::make_os_net(loop);
  auto listener = net->listen(rt::Address::tcp("127.0.0.1", static_cast<std::uint16_t>(options.number("port"))));
  if (!listener) fail_with(listener.error().message);
  auto tls = net::make_tls_server(
      {.identity = {file(options.text("cert")), file(options.text("key"))}, .client_ca_pem = file(options.text("ca"))});
  if (!tls) fail_with(tls.error().message);
  const auto server = net::serve(loop, *std::move(listener), *tls, answer);
  std::printf("serving\n");
  std::fflush(stdout);
  loop.run();
}

}  // namespace
}  // namespace charon

int main(int argc, char** argv) {
  charon::rt::OsLoop loop;
  const charon::Options options = charon::parse(argc, argv);
  if (options.verb == "serve") {
    charon::serve(loop, options);
    return 0;
  }
  charon::Load load(loop, options);
  loop.run(load.run());
  return 0;
}
