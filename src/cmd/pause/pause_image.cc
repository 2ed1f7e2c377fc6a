#include "cmd/pause/pause_image.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "base/bytes.h"
#include "cmd/pause/pause_program.h"
#include "cmd/pause/tar.h"

namespace charon::cmd {
namespace {

#if defined(__x86_64__)
constexpr std::string_view kArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view kArchitecture = "arm64";
#endif

Result<std::string> sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha256(), nullptr) != 1) {
    return fail(Reason::InternalError, "OpenSSL cannot compute SHA-256");
  }
  return hex_encode({reinterpret_cast<const char*>(hash.data()), size});
}

// A descriptor of the blob, and the blob in the archive.
Result<std::string> add_blob(TarWriter& tar, std::string_view media_type, std::string_view bytes, std::string_view more = "") {
  TRY_ASSIGN(const std::string hash, sha256_hex(bytes));
  TRY(tar.add_file("blobs/sha256/" + hash, bytes, 0644));
  return fmt::format(R"({{"mediaType":"{}","digest":"sha256:{}","size":{}{}}})", media_type, hash, bytes.size(), more);
}

}  // namespace

Result<std::string> pause_image_archive() {
  TarWriter layer_tar;
  TRY(layer_tar.add_file("pause", pause_program(), 0755));
  const std::string layer = layer_tar.finish();
  TRY_ASSIGN(const std::string layer_hash, sha256_hex(layer));

  TarWriter tar;
  TRY(tar.add_file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})", 0644));
  TRY(tar.add_directory("blobs", 0755));
  TRY(tar.add_directory("blobs/sha256", 0755));
  // It needs no rights: any user but root does.
  TRY_ASSIGN(
      const std::string config,
      add_blob(tar, "application/vnd.oci.image.config.v1+json",
               fmt::format(R"({{"created":"1970-01-01T00:00:00Z","architecture":"{}","os":"linux",)"
                           R"("config":{{"User":"65535:65535","Env":["PATH=/"],"Entrypoint":["/pause"],"WorkingDir":"/"}},)"
                           R"("rootfs":{{"type":"layers","diff_ids":["sha256:{}"]}},)"
                           R"("history":[{{"created":"1970-01-01T00:00:00Z","created_by":"charon"}}]}})",
                           kArchitecture, layer_hash)));
  TRY_ASSIGN(const std::string layer_blob, add_blob(tar, "application/vnd.oci.image.layer.v1.tar", layer));
  TRY_ASSIGN(
      const std::string manifest,
      add_blob(tar, "application/vnd.oci.image.manifest.v1+json",
               fmt::format(R"({{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
                           R"("config":{},"layers":[{}]}})",
                           config, layer_blob),
               fmt::format(R"(,"platform":{{"architecture":"{}","os":"linux"}},)"
                           R"("annotations":{{"io.containerd.image.name":"{}","org.opencontainers.image.ref.name":"{}"}})",
                           kArchitecture, kPauseImage, kPauseImage.substr(kPauseImage.find(':') + 1))));
  TRY(tar.add_file("index.json", fmt::format(R"({{"schemaVersion":2,"manifests":[{}]}})", manifest), 0644));
  return tar.finish();
}

}  // namespace charon::cmd
