// Process: children of ours (containerd, CNI plugins, nginx ...).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "rt/task.h"

namespace charon::rt {

struct Command {
  std::vector<std::string> argv;           // argv[0] is looked up in PATH
  std::map<std::string, std::string> env;  // added to ours
  std::string stdin_text;                  // for `run`
  std::string log_path;                    // for `start`: stdout and stderr are appended here; empty: /dev/null
  bool own_group = false;                  // signals of our terminal do not reach it
  bool survives_us = false;                // not killed when we die
};

struct Exit {
  int code = 0;     // exit code, or 128 + signal
  int signal = 0;   // 0 unless killed by one
  std::string out;  // `run` only: at most 16 MiB each
  std::string err;
};

// A running child. Destroying it kills and reaps the child unless `survives_us`.
class Child {
 public:
  virtual ~Child() = default;
  virtual int pid() const = 0;
  virtual Task<Exit> wait() = 0;
  virtual void signal(int number) = 0;
};

class Process {
 public:
  virtual ~Process() = default;
  // NotFound when argv[0] is not an executable.
  virtual Result<std::unique_ptr<Child>> start(const Command& command) = 0;
  // Starts, feeds stdin, collects both outputs. Cancelling kills the child.
  virtual Task<Result<Exit>> run(Command command) = 0;
};

}  // namespace charon::rt
