#include "node/logs/log_reader.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace charon::node {
namespace {

constexpr std::size_t kChunkBytes = 64u << 10;
constexpr auto kLookEvery = std::chrono::milliseconds(100);

}  // namespace

LogReader::LogReader(rt::Loop& loop, const rt::Files& files, std::string path, LogOptions options, std::function<bool()> ended)
    : loop_(loop),
      files_(files),
      path_(std::move(path)),
      options_(options),
      ended_(std::move(ended)),
      filter_(std::move(options)) {}

// Places the offset at the start of the last `tail_lines` lines. Parts of a line count with their line.
Result<void> LogReader::seek_tail() {
  TRY_ASSIGN(rt::FileInfo info, files_.info(path_));
  std::uint64_t end = info.size_bytes;
  offset_ = end;
  if (*options_.tail_lines == 0) return {};
  std::int64_t lines = 0;
  std::string later;  // bytes from `start` on that belong to a line begun before
  std::uint64_t start = end;
  while (start > 0) {
    std::uint64_t from = start > kChunkBytes ? start - kChunkBytes : 0;
    TRY_ASSIGN(std::string chunk, files_.read_at(path_, from, static_cast<std::size_t>(start - from)));
    std::string window = chunk + later;
    std::size_t stop = window.size();
    while (stop > 0) {
      std::size_t newline = window.rfind('\n', stop >= 2 ? stop - 2 : 0);
      bool has_start = newline != std::string::npos && newline + 1 < stop;
      if (!has_start && from > 0) break;
      std::size_t begin = has_start ? newline + 1 : 0;
      auto line = parse_log_line(std::string_view(window).substr(begin, stop - begin - (window[stop - 1] == '\n' ? 1 : 0)));
      if (line && !line->partial && ++lines > *options_.tail_lines) return {};
      offset_ = from + begin;
      stop = begin;
    }
    later = window.substr(0, stop);
    start = from;
    if (from == 0) break;
  }
  return {};
}

bool LogReader::rotated() const {
  auto info = files_.info(path_);
  return info && (info->inode != inode_ || info->size_bytes < offset_);
}

Result<void> LogReader::open() {
  TRY_ASSIGN(rt::FileInfo info, files_.info(path_));
  inode_ = info.inode;
  if (options_.tail_lines) return seek_tail();
  return {};
}

rt::Task<Result<std::string>> LogReader::next() {
  for (;;) {
    if (filter_.full()) co_return std::string();
    // Asked before reading: what was written until then is read below.
    bool last_look = !options_.follow || ended_();
    auto bytes = files_.read_at(path_, offset_, kChunkBytes);
    std::size_t count = bytes ? bytes->size() : 0;
    if (count > 0) {
      offset_ += count;
      raw_ += *bytes;
      std::string out;
      filter_.feed(raw_, out);
      if (!out.empty()) co_return out;
      continue;
    }
    if (rotated()) {
      auto info = files_.info(path_);
      if (info) {
        inode_ = info->inode;
        offset_ = 0;
        raw_.clear();
        continue;
      }
    }
    if (last_look) co_return std::string();
    co_await rt::sleep(loop_, kLookEvery);
  }
}

}  // namespace charon::node
