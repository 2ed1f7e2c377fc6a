#include "server/audit/sink.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace charon::server::audit {
namespace {

constexpr std::int64_t kDaySeconds = 24 * 3600;

constexpr std::string_view kStampShape = "0000-00-00T00-00-00.000";

// Sorts by time: "2026-11-24T18-28-37.123".
std::string stamp(Time time) {
  std::string text = format_rfc3339_micro(time);
  std::ranges::replace(text, ':', '-');
  return text.substr(0, kStampShape.size());
}

class FileSink final : public Sink {
 public:
  FileSink(rt::Files& files, const rt::Clock& clock, FileSettings settings)
      : files_(files), clock_(clock), settings_(std::move(settings)) {
    std::size_t slash = settings_.path.rfind('/');
    folder_ = settings_.path.substr(0, slash);
    std::string name = settings_.path.substr(slash + 1);
    std::size_t dot = std::min(name.rfind('.'), name.size());
    prefix_ = name.substr(0, dot) + "-";
    suffix_ = name.substr(dot);
  }

  Result<void> write(std::string_view lines) override {
    if (!opened_) TRY(open());
    while (!lines.empty()) {
      std::string_view part = lines.substr(0, fitting(lines));
      if (part.empty()) {
        TRY(rotate());
        continue;
      }
      TRY(files_.append(settings_.path, part, 0600));
      size_ += part.size();
      lines.remove_prefix(part.size());
    }
    return {};
  }

 private:
  Result<void> open() {
    TRY(files_.make_dirs(folder_, 0700));
    auto present = files_.info(settings_.path);
    size_ = present ? present->size_bytes : 0;
    opened_ = true;
    return prune();
  }

  // How many bytes of whole lines the file has room for. A line larger than a file has one of its own.
  std::size_t fitting(std::string_view lines) const {
    std::uint64_t room = settings_.max_bytes > size_ ? settings_.max_bytes - size_ : 0;
    if (lines.size() <= room) return lines.size();
    std::size_t end = room == 0 ? std::string_view::npos : lines.rfind('\n', room - 1);
    if (end != std::string_view::npos) return end + 1;
    return size_ == 0 ? lines.find('\n') + 1 : 0;
  }

  Result<void> rotate() {
    auto renamed = files_.rename(settings_.path, folder_ + "/" + prefix_ + stamp(clock_.wall()) + suffix_);
    // Somebody else has taken the file away, or its folder: a new one begins all the same.
    bool taken = !renamed && renamed.error().reason == Reason::NotFound;
    if (!renamed && !taken) return renamed;
    size_ = 0;
    if (taken) TRY(files_.make_dirs(folder_, 0700));
    return prune();
  }

  // Others' files may stand in the same folder.
  bool is_backup(std::string_view name) const {
    if (!name.starts_with(prefix_) || !name.ends_with(suffix_)) return false;
    if (name.size() != prefix_.size() + kStampShape.size() + suffix_.size()) return false;
    return std::ranges::equal(name.substr(prefix_.size(), kStampShape.size()), kStampShape,
                              [](char c, char shape) { return shape == '0' ? c >= '0' && c <= '9' : c == shape; });
  }

  Result<void> prune() {
    TRY_ASSIGN(std::vector<std::string> names, files_.list(folder_));
    std::erase_if(names, [this](const std::string& name) { return !is_backup(name); });
    std::size_t too_many =
        settings_.max_backups > 0 && names.size() > settings_.max_backups ? names.size() - settings_.max_backups : 0;
    Time oldest = clock_.wall();
    oldest.seconds -= settings_.max_age_days * kDaySeconds;
    std::string oldest_name = settings_.max_age_days > 0 ? prefix_ + stamp(oldest) : "";
    for (std::size_t i = 0; i < names.size(); ++i)
      if (i < too_many || names[i] < oldest_name) TRY(files_.remove_all(folder_ + "/" + names[i]));
    return {};
  }

  rt::Files& files_;
  const rt::Clock& clock_;
  FileSettings settings_;
  std::string folder_;
  std::string prefix_;  // of the rotated files' names
  std::string suffix_;
  bool opened_ = false;
  std::uint64_t size_ = 0;
};

class StdoutSink final : public Sink {
 public:
  Result<void> write(std::string_view lines) override {
    bool written = std::fwrite(lines.data(), 1, lines.size(), stdout) == lines.size() && std::fflush(stdout) == 0;
    if (!written) return fail(Reason::InternalError, "standard output cannot be written");
    return {};
  }
};

}  // namespace

std::unique_ptr<Sink> make_file_sink(rt::Files& files, const rt::Clock& clock, FileSettings settings) {
  return std::make_unique<FileSink>(files, clock, std::move(settings));
}

std::unique_ptr<Sink> make_stdout_sink() { return std::make_unique<StdoutSink>(); }

}  // namespace charon::server::audit
