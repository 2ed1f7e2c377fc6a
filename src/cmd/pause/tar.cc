#include "cmd/pause/tar.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <utility>

namespace charon::cmd {
namespace {

constexpr std::size_t kBlock = 512;

// The header block. All numbers are octal text.
struct Header {
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char modified[12];
  char checksum[8];
  char type;
  char link[100];
  char magic[6];
  char version[2];
  char user[32];
  char group[32];
  char device_major[8];
  char device_minor[8];
  char prefix[155];
  char unused[12];
};
static_assert(sizeof(Header) == kBlock);

template <std::size_t N>
void put_octal(char (&field)[N], std::uint64_t value) {
  const std::string text = fmt::format("{:0{}o}", value, N - 1);
  std::memcpy(field, text.data(), N - 1);
}

}  // namespace

Result<void> TarWriter::add_directory(std::string_view name, std::uint32_t mode) {
  return add(std::string(name) + "/", '5', {}, mode);
}

Result<void> TarWriter::add_file(std::string_view name, std::string_view bytes, std::uint32_t mode) {
  return add(std::string(name), '0', bytes, mode);
}

Result<void> TarWriter::add(std::string name, char type, std::string_view bytes, std::uint32_t mode) {
  if (name.size() > sizeof(Header::name)) {
    return fail(Reason::RequestEntityTooLarge, "'" + name + "' is too long a name for a tar archive");
  }
  if (bytes.size() >= std::uint64_t{1} << 33) return fail(Reason::RequestEntityTooLarge, "'" + name + "' has 8 GiB or more");
  Header header{};
  std::memcpy(header.name, name.data(), name.size());
  put_octal(header.mode, mode);
  put_octal(header.uid, 0);
  put_octal(header.gid, 0);
  put_octal(header.size, bytes.size());
  put_octal(header.modified, 0);
  header.type = type;
  std::memcpy(header.magic, "ustar", 6);
  std::memcpy(header.version, "00", 2);
  // The sum of all bytes with the sum itself read as spaces; six digits, a zero byte, a space.
  std::memset(header.checksum, ' ', sizeof header.checksum);
  unsigned sum = 0;
  for (const unsigned char byte : std::string_view(reinterpret_cast<const char*>(&header), sizeof header)) sum += byte;
  const std::string digits = fmt::format("{:06o}", sum);
  std::memcpy(header.checksum, digits.data(), 6);
  header.checksum[6] = '\0';

  archive_.append(reinterpret_cast<const char*>(&header), sizeof header);
  archive_.append(bytes);
  archive_.append((kBlock - bytes.size() % kBlock) % kBlock, '\0');
  return {};
}

std::string TarWriter::finish() {
  archive_.append(2 * kBlock, '\0');
  return std::exchange(archive_, {});
}

}  // namespace charon::cmd
