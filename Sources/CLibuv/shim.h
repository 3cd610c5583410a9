// libuv (Debian: libuv1-dev). Only what Swift cannot spell: variadic macros and struct-to-struct casts live here.
#ifndef REACTOR_CLIBUV_SHIM_H
#define REACTOR_CLIBUV_SHIM_H
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <uv.h>

/* pthread_setname_np is hidden behind _GNU_SOURCE, which a module cannot ask for. Linux cuts the name at 15 bytes. */
static inline void reactor_set_thread_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/* memmem is hidden behind _GNU_SOURCE as well. */
extern void *memmem(const void *text, unsigned long text_length, const void *word, unsigned long word_length);
static inline int reactor_contains(const void *text, unsigned long text_length, const void *word, unsigned long word_length) {
    return memmem(text, text_length, word, word_length) != 0;
}

/* glibc's module does not export malloc.h. */
static inline void reactor_trim_heap(void) { malloc_trim(0); }
static inline void reactor_limit_heaps(int arenas, int largest_block) {
    mallopt(M_ARENA_MAX, arenas);
    mallopt(M_MMAP_THRESHOLD, largest_block);
}

/* timerfd_create and timerfd_settime (man 2) by their numbers, and syscall declared by us: with <sys/timerfd.h> the compiler takes
 * struct timespec for this module's, and no longer for Glibc's. O_CLOEXEC and O_NONBLOCK are the values of TFD_CLOEXEC and TFD_NONBLOCK. */
extern long syscall(long number, ...);

static inline int reactor_timer_create(void) {
    return (int)syscall(SYS_timerfd_create, CLOCK_MONOTONIC, O_CLOEXEC | O_NONBLOCK);
}

/* Fires once, at a time of CLOCK_MONOTONIC; zero disarms it. */
static inline int reactor_timer_set(int descriptor, long nanoseconds) {
    /* struct itimerspec: the interval, then the first expiration. 1 is TFD_TIMER_ABSTIME. */
    long setting[4] = {0, 0, nanoseconds / 1000000000, nanoseconds % 1000000000};
    return (int)syscall(SYS_timerfd_settime, descriptor, 1, setting, 0);
}

/* Of the calling thread, to a tenth of the others' share. The least priority (19) would leave it a hundredth, and a login that takes 30 ms
 * would take seconds on a busy server. 0 is PRIO_PROCESS, by which Linux means a thread (man 2 setpriority; nice 10 has weight 110 of 1,024). */
static inline void reactor_lower_thread_priority(void) { syscall(SYS_setpriority, 0, 0, 10); }

#endif
