// The `charon` program: reads the command line and hands over to a command.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cmd/cli/commands.h"
#include "cmd/cli/flag_checks.h"
#include "cmd/cli/server_flags.h"
#include "cmd/cli/yaml_config.h"
#include "server/version.h"

using charon::cmd::Options;

namespace {

void add_data_dir(CLI::App* command, Options& options) {
  command->fallthrough();  // for --config
  command->add_option("--data-dir", options.data_dir, "where the cluster's state lives")
      ->capture_default_str()
      ->transform(CLI::Validator(charon::cmd::make_absolute, ""));
}

// CLI11 reads configuration files for the program itself only, so --config is its option, and the commands pass it up.
void add_config(CLI::App* program) {
  program->set_config("--config", "", "up, server, agent: YAML file with any of the command's flags");
  program->config_formatter(std::make_shared<charon::cmd::YamlConfig>(*program));
  program->allow_config_extras(CLI::config_extras_mode::error);
}

void add_common(CLI::App* command, Options& options) {
  command->footer("--config FILE: a YAML file with any of these flags");
  add_data_dir(command, options);
  command->add_option("--node-ip", options.node_ip, "this machine's address; default: that of the default route")
      ->check(charon::cmd::ip_problem);
}

void add_server(CLI::App* command, Options& options) {
  command->add_option("--listen", options.listen, "address of the API server")
      ->capture_default_str()
      ->check(charon::cmd::ip_problem);
  command->add_option("--port", options.port, "port of the API server")->capture_default_str()->check(CLI::Range(0, 65535));
  command->add_option("--service-ip", options.service_ip, "address of the Service default/kubernetes")
      ->capture_default_str()
      ->check(charon::cmd::ip_problem);
  charon::cmd::add_server_flags(command, options.server);
}

void add_agent(CLI::App* command, Options& options) {
  command->add_option("--node-name", options.node_name, "name of this node; default: the host's")
      ->check(charon::cmd::node_name_problem);
  command->add_option("--node-label", options.node_labels, "key=value, given to the node when it registers")
      ->check(charon::cmd::node_label_problem);
  command->add_option("--containerd-socket", options.containerd_socket, "use this containerd instead of one of our own");
  command->add_option("--cluster-cidr", options.cluster_cidr, "addresses of the cluster's pods; each node has 256 of them")
      ->capture_default_str()
      ->check(charon::cmd::pod_range_problem);
}

constexpr int kUsageError = 2;

// "charon image import" of what was typed, as far as it named commands.
std::string named_command(const CLI::App& program) {
  std::string name = "charon";
  for (const CLI::App* app = &program; !app->get_subcommands().empty();) {
    app = app->get_subcommands().front();
    name += " " + app->get_name();
  }
  return name;
}

// --help is an error to CLI11, too.
int end_parsing(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return program.exit(error);
  std::fprintf(stderr, "charon: %s\nSee `%s --help`.\n", error.what(), named_command(program).c_str());
  return kUsageError;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Charon: a Kubernetes-compatible cluster engine in one binary"};
  app.require_subcommand(1);
  add_config(&app);
  Options options;
  int code = 0;

  CLI::App* up = app.add_subcommand("up", "start a one-node cluster: server and agent in one process");
  add_common(up, options);
  add_server(up, options);
  add_agent(up, options);
  up->add_flag("--detach,-d", options.detach, "return when the node is ready and go on in the background");
  up->callback([&] {
    code = options.detach ? charon::cmd::run_detached(options)
                          : charon::cmd::run_cluster(options, {.server = true, .agent = true});
  });

  CLI::App* down = app.add_subcommand("down", "stop the cluster on this machine with all its pods; the state is kept");
  add_data_dir(down, options);
  down->callback([&] { code = charon::cmd::run_down(options); });

  CLI::App* server = app.add_subcommand("server", "start the control plane alone");
  add_common(server, options);
  add_server(server, options);
  server->callback([&] { code = charon::cmd::run_cluster(options, {.server = true}); });

  CLI::App* agent =
      app.add_subcommand("agent", "start a node agent alone, beside a `charon server` with the same data directory");
  add_common(agent, options);
  add_agent(agent, options);
  agent->callback([&] { code = charon::cmd::run_cluster(options, {.agent = true}); });

  CLI::App* status = app.add_subcommand("status", "what runs on this machine and whether it is well");
  add_data_dir(status, options);
  status->callback([&] { code = charon::cmd::run_status(options); });

  CLI::App* kubeconfig = app.add_subcommand("kubeconfig", "print the administrator's kubeconfig");
  add_data_dir(kubeconfig, options);
  kubeconfig->callback([&] { code = charon::cmd::run_kubeconfig(options); });

  CLI::App* token = app.add_subcommand("token", "tokens with which machines join, and the key of service accounts' tokens");
  token->require_subcommand(1);
  CLI::App* token_create = token->add_subcommand("create", "make a token that is valid for 24 hours and print it");
  add_data_dir(token_create, options);
  token_create->callback([&] { code = charon::cmd::run_token_create(options); });
  CLI::App* token_rotate =
      token->add_subcommand("rotate-key", "sign service accounts' tokens with a new key; done by itself once a year");
  add_data_dir(token_rotate, options);
  token_rotate->callback([&] { code = charon::cmd::run_rotate_token_key(options); });

  std::string file;
  CLI::App* image = app.add_subcommand("image", "container images on this machine");
  image->require_subcommand(1);
  CLI::App* image_import = image->add_subcommand("import", "load an image archive (OCI or docker) for the pods");
  add_data_dir(image_import, options);
  image_import->add_option("--containerd-socket", options.containerd_socket,
                           "the containerd to load it into; default: our own");
  image_import->add_option("file", file, "the archive")->required()->check(CLI::ExistingFile);
  image_import->callback([&] { code = charon::cmd::run_image_import(options, file); });

  std::string output = "yaml";
  CLI::App* convert = app.add_subcommand("convert", "rewrite API objects between JSON, YAML and protobuf, without a server");
  convert->add_option("-f,--filename", file, "the objects, in any of the three forms; - is standard input")->required();
  convert->add_option("-o,--output", output, "json, yaml or protobuf")
      ->capture_default_str()
      ->check(CLI::IsMember({"json", "yaml", "protobuf"}));
  convert->callback([&] { code = charon::cmd::run_convert(file, output); });

  app.add_subcommand("version", "print the version")->callback([] {
    std::printf("charon %s (Kubernetes API %s)\n", charon::server::kCharonVersion, charon::server::kKubernetesVersion);
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return end_parsing(app, error);
  }
  return code;
}
