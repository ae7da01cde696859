#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 64

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZER "AddressSanitizer"
#elif defined(__SANITIZE_THREAD__)
#define SANITIZER "ThreadSanitizer"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZER "a sanitizer"
#endif
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

void vx_sandbox_prepare(void)
{
    setenv("TZ", ":/etc/localtime", 0); /* a zone with a name is read once, now; the default one's file would be looked for again and again */
    tzset();
}

enum vx_status vx_sandbox_limit(uint64_t data_bytes, struct vx_err *err)
{
    const struct rlimit none = {0, 0}, files = {MAX_DESCRIPTORS, MAX_DESCRIPTORS};
#ifndef SANITIZER
    const struct rlimit data = {data_bytes, data_bytes};
    if (data_bytes > 0 && setrlimit(RLIMIT_DATA, &data) != 0)
        return vx_fail_sys(err, "a limit of %llu bytes of memory", (unsigned long long)data_bytes);
#else
    (void)data_bytes;
#endif
    if (setrlimit(RLIMIT_CORE, &none) != 0 || setrlimit(RLIMIT_FSIZE, &none) != 0 || setrlimit(RLIMIT_NOFILE, &files) != 0)
        return vx_fail_sys(err, "limits of a decoder");
    return VX_OK;
}

#if defined(SANITIZER)

enum vx_status vx_sandbox_available(struct vx_err *err)
{
    return vx_fail(err, VX_EUNSUPPORTED, "this program was built with " SANITIZER ", which needs more than it allows");
}

enum vx_status vx_sandbox_enter(struct vx_err *err)
{
    return vx_sandbox_available(err);
}

#elif !defined(ARCH)

enum vx_status vx_sandbox_available(struct vx_err *err)
{
    return vx_fail(err, VX_EUNSUPPORTED, "no list of system calls for this processor's architecture");
}

enum vx_status vx_sandbox_enter(struct vx_err *err)
{
    return vx_sandbox_available(err);
}

#else

/* The filter is a program for the kernel's classic BPF machine over struct seccomp_data: load a word, compare, return. */
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* The low half of an argument: both architectures are little-endian. */
#define LOAD_ARG(i) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (i))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define KILL SECCOMP_RET_KILL_PROCESS
#define EQUAL(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (then), (otherwise))
#define ANY_BIT(bits, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), (then), (otherwise))
/* Two instructions: what becomes of a call; falls through where it is another. */
#define CALL(name, action) EQUAL(__NR_##name, 0, 1), RETURN(action)

/* A call that may be made, by one of its arguments: four instructions behind the comparison, which end the filter. */
#define CALL_IF_NO_BIT(name, arg, bits, otherwise) \
    EQUAL(__NR_##name, 0, 4), LOAD_ARG(arg), ANY_BIT((bits), 0, 1), RETURN(otherwise), RETURN(ALLOW)
#define CALL_IF_BIT(name, arg, bits, otherwise) \
    EQUAL(__NR_##name, 0, 4), LOAD_ARG(arg), ANY_BIT((bits), 1, 0), RETURN(otherwise), RETURN(ALLOW)
#define CALL_IF_BELOW(name, arg, value, otherwise) \
    EQUAL(__NR_##name, 0, 4), LOAD_ARG(arg), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (value), 0, 1), RETURN(otherwise), RETURN(ALLOW)
#define CALL_IF_EQUAL(name, arg, value, otherwise) \
    EQUAL(__NR_##name, 0, 4), LOAD_ARG(arg), EQUAL((value), 1, 0), RETURN(otherwise), RETURN(ALLOW)
/* mmap() of what RLIMIT_DATA counts, which is neither shared memory nor a stack that grows; and not to run code in. */
#define COUNTED_MMAP \
    EQUAL(__NR_mmap, 0, 6), LOAD_ARG(2), ANY_BIT(PROT_EXEC, 2, 0), LOAD_ARG(3), ANY_BIT(MAP_SHARED | MAP_GROWSDOWN, 0, 1), \
        RETURN(REFUSE), RETURN(ALLOW)
/* fcntl() of descriptors and flags alone: F_SETOWN and F_SETSIG would have the kernel kill other processes for it. */
#define ASKING_FCNTL \
    EQUAL(__NR_fcntl, 0, 5), LOAD_ARG(1), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, F_GETFL, 0, 2), EQUAL(F_DUPFD_CLOEXEC, 1, 0), \
        RETURN(REFUSE), RETURN(ALLOW)
/* Opening: to read is refused, which libraries live with; to write, create or truncate ends the process. */
#define OPENING(name, arg) \
    EQUAL(__NR_##name, 0, 4), LOAD_ARG(arg), ANY_BIT(O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0, 1), RETURN(KILL), \
        RETURN(REFUSE)

enum vx_status vx_sandbox_available(struct vx_err *err)
{
    const unsigned action = SECCOMP_RET_KILL_PROCESS;

    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0u, &action) == 0)
        return VX_OK;
    return vx_fail(err, VX_EUNSUPPORTED, "this kernel has no seccomp filters (4.14 or newer, CONFIG_SECCOMP_FILTER)");
}

_Static_assert(F_DUPFD <= F_GETFL && F_GETFD <= F_GETFL && F_SETFD <= F_GETFL && F_SETFL > F_GETFL, "the kernel's numbers");

enum vx_status vx_sandbox_enter(struct vx_err *err)
{
    const uint32_t self = (uint32_t)getpid();
    const struct sock_filter filter[] = {
        LOAD(arch),
        EQUAL(ARCH, 1, 0),
        RETURN(KILL),
        LOAD(nr),
#ifdef __x86_64__
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* the x32 calls, which have numbers of their own */
        RETURN(KILL),
#endif
        /* all the time: the files handed over, the rank, memory */
        CALL(read, ALLOW),
        CALL(pread64, ALLOW),
        CALL(lseek, ALLOW),
        CALL(recvmsg, ALLOW),
        CALL(sendmsg, ALLOW), /* there is one socket, connected; a new one cannot be had */
        CALL(futex, ALLOW),
        CALL(brk, ALLOW),
        CALL(munmap, ALLOW),
        CALL(mremap, ALLOW),
        CALL_IF_BELOW(madvise, 2, 100 /* MADV_HWPOISON and on: root takes memory from the whole machine by them */, REFUSE),
        COUNTED_MMAP,
        CALL_IF_NO_BIT(mprotect, 2, PROT_EXEC, REFUSE),
        CALL(close, ALLOW),
        CALL(fstat, ALLOW),
        CALL_IF_BIT(newfstatat, 3, 0x1000 /* AT_EMPTY_PATH: fstat() of some C libraries */, REFUSE),
        ASKING_FCNTL,
        CALL(dup, ALLOW),
        CALL(readv, ALLOW),
        CALL(preadv, ALLOW),
        CALL(getrandom, ALLOW),
        CALL(clock_gettime, ALLOW),
        CALL(gettimeofday, ALLOW),
        CALL(clock_nanosleep, ALLOW),
        CALL(nanosleep, ALLOW),
        CALL(getrusage, ALLOW),
        CALL(sched_yield, ALLOW),
        CALL(sched_getaffinity, ALLOW),
        CALL(sysinfo, ALLOW), /* qsort() asks how much memory there is */
        /* ending, of its own will or by a broken heap's: the message goes to stderr, the signal to itself */
        CALL(exit, ALLOW),
        CALL(exit_group, ALLOW),
        CALL(rt_sigaction, ALLOW),
        CALL(rt_sigprocmask, ALLOW),
        CALL(rt_sigreturn, ALLOW),
        CALL(restart_syscall, ALLOW),
        CALL(getpid, ALLOW),
        CALL(gettid, ALLOW),
        CALL_IF_EQUAL(tgkill, 0, self, KILL),
        CALL_IF_EQUAL(write, 0, STDERR_FILENO, REFUSE),
        CALL_IF_EQUAL(writev, 0, STDERR_FILENO, REFUSE),
        /* nobody tries these by the way */
        OPENING(openat, 2),
#ifdef __NR_open
        OPENING(open, 1),
        CALL(creat, KILL),
        CALL(fork, KILL),
        CALL(vfork, KILL),
        CALL(unlink, KILL),
        CALL(rename, KILL),
#endif
#ifdef __NR_openat2
        CALL(openat2, KILL),
#endif
        CALL(unlinkat, KILL),
        CALL(renameat2, KILL),
        CALL(execve, KILL),
        CALL(execveat, KILL),
        CALL(socket, KILL),
        CALL(socketpair, KILL),
        CALL(connect, KILL),
        CALL(bind, KILL),
        CALL(listen, KILL),
        CALL(accept4, KILL),
        CALL(ptrace, KILL),
        CALL(process_vm_readv, KILL),
        CALL(process_vm_writev, KILL),
        CALL(kill, KILL),
        RETURN(REFUSE),
    };
    const struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = (struct sock_filter *)(uintptr_t)filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return vx_fail_sys(err, "cannot give up new privileges");
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0u, &program) != 0)
        return vx_fail_sys(err, "cannot filter system calls");
    return VX_OK;
}

#endif
