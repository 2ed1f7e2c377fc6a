// pause: the process that holds a pod's namespaces. Freestanding: no C library, raw system calls, a few hundred bytes.
//
// It waits. SIGTERM and SIGINT end it with 0. As process 1 of a shared PID namespace it reaps what the pod's containers leave
// behind. The signals are blocked and taken by rt_sigtimedwait(2): process 1 never gets signals with their default action,
// but blocked ones are kept for it.

#if defined(__x86_64__)
enum { kRtSigprocmask = 14, kRtSigtimedwait = 128, kWait4 = 61, kExitGroup = 231 };

static long call4(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  and $-16, %rsp\n"
    "  call hold\n");
#elif defined(__aarch64__)
enum { kRtSigprocmask = 135, kRtSigtimedwait = 137, kWait4 = 260, kExitGroup = 94 };

static long call4(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov x29, #0\n"
    "  bl hold\n");
#else
#error "pause knows the system calls of x86-64 and aarch64 only"
#endif

enum { kSigint = 2, kSigterm = 15, kSigchld = 17, kSigBlock = 0, kNoHang = 1 };

_Noreturn __attribute__((used)) void hold(void) {
  const unsigned long signals = 1UL << (kSigint - 1) | 1UL << (kSigterm - 1) | 1UL << (kSigchld - 1);
  call4(kRtSigprocmask, kSigBlock, (long)&signals, 0, sizeof signals);
  for (;;) {
    // Negative when a signal interrupts the wait (SIGSTOP and SIGCONT do): wait again.
    const long signal = call4(kRtSigtimedwait, (long)&signals, 0, 0, sizeof signals);
    if (signal == kSigint || signal == kSigterm) call4(kExitGroup, 0, 0, 0, 0);
    while (signal == kSigchld && call4(kWait4, -1, 0, kNoHang, 0) > 0) {
    }
  }
}
