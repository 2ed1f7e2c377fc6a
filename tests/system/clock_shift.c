// Preloaded into a process, it moves the wall clock by CLOCK_SHIFT_S seconds, or by what the file CLOCK_SHIFT_FILE says. Timers
// stay as they are: the monotonic clock is left alone, and timerfd is not touched (libfaketime moves absolute timers also then,
// and Asio's never fire).
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t shift(void) {
  const char* file = getenv("CLOCK_SHIFT_FILE");
  if (file) {
    char digits[32] = {0};
    int from = open(file, O_RDONLY | O_CLOEXEC);
    if (from < 0) return 0;
    ssize_t size = read(from, digits, sizeof digits - 1);
    close(from);
    return size > 0 ? atoll(digits) : 0;
  }
  const char* text = getenv("CLOCK_SHIFT_S");
  return text ? atoll(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
  return result;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  (void)zone;
  struct timespec exact;
  int result = clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return result;
}

time_t time(time_t* place) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (place) *place = exact.tv_sec;
  return exact.tv_sec;
}
