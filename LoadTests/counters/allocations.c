/* Counts the allocations of the program that it is loaded into, and of its children:
 *
 *   ALLOCATION_COUNTERS=FILE LD_PRELOAD=allocations.so PROGRAM
 *
 * FILE becomes eight 64-bit numbers in the machine's order (counters_t) that are mapped, not written: another process reads them
 * while the program runs, and reading costs the program nothing. Every thread adds to the same numbers without a lock. What is
 * counted are calls: an allocation inside of libc that does not go through malloc's own symbol is none of the program's.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

typedef struct {
    uint64_t magic; /* "alloc-1" and a zero byte: what the file is, and in which shape */
    atomic_uint_least64_t mallocs;
    atomic_uint_least64_t callocs;
    atomic_uint_least64_t reallocs;
    atomic_uint_least64_t aligned;
    atomic_uint_least64_t frees;
    atomic_uint_least64_t bytes; /* asked for */
    uint64_t reserved;
} counters_t;

static counters_t uncounted; /* until there is a mapping, and where none can be made */
static counters_t *counters = &uncounted;

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void *(*next_aligned_alloc)(size_t, size_t);
static void *(*next_memalign)(size_t, size_t);
static int (*next_posix_memalign)(void **, size_t, size_t);
static void (*next_free)(void *);

/* dlsym may allocate itself: while the functions are looked up, memory comes from here and is never given back. */
static _Alignas(max_align_t) char stock[8192];
static size_t stock_used;
static __thread int is_looking __attribute__((tls_model("initial-exec")));

static void *from_stock(size_t size) {
    size_t start = (stock_used + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
    if (size > sizeof stock - start) abort();
    stock_used = start + size;
    return stock + start;
}

static int is_of_stock(const void *block) { return (uintptr_t)block - (uintptr_t)stock < sizeof stock; }

/* A function's address comes out of dlsym as a pointer to data; POSIX lets it be used as what it is. */
#define LOOK_UP(name) (*(void **)&next_##name = dlsym(RTLD_NEXT, #name))

static void look_up(void) {
    is_looking = 1;
    LOOK_UP(calloc);
    LOOK_UP(malloc);
    LOOK_UP(realloc);
    LOOK_UP(aligned_alloc);
    LOOK_UP(memalign);
    LOOK_UP(posix_memalign);
    LOOK_UP(free);
    is_looking = 0;
    if (!next_malloc || !next_calloc || !next_realloc || !next_aligned_alloc || !next_memalign || !next_posix_memalign || !next_free) abort();
}

/* The first allocation comes before main, when there is one thread. */
#define READY(name) do { if (!next_##name) look_up(); } while (0)

static void count(atomic_uint_least64_t *calls, size_t bytes) {
    atomic_fetch_add_explicit(calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counters->bytes, bytes, memory_order_relaxed);
}

__attribute__((constructor)) static void map_counters(void) {
    const char *path = getenv("ALLOCATION_COUNTERS");
    if (!path) return;
    /* Who is counted here has its system calls counted by strace too, which Yama lets attach to its own children only. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) return;
    if (ftruncate(file, sizeof(counters_t)) == 0) {
        void *mapping = mmap(NULL, sizeof(counters_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (mapping != MAP_FAILED) {
            counters = mapping;
            memcpy(&counters->magic, "alloc-1", sizeof counters->magic);
        }
    }
    close(file);
}

void *malloc(size_t size) {
    if (is_looking) return from_stock(size);
    READY(malloc);
    count(&counters->mallocs, size);
    return next_malloc(size);
}

void *calloc(size_t number, size_t size) {
    if (is_looking) return from_stock(number * size); /* the stock is zero, and is used once; dlsym's products do not overflow */
    READY(calloc);
    count(&counters->callocs, number * size); /* where this wraps calloc fails */
    return next_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    READY(realloc);
    count(&counters->reallocs, size);
    if (!is_of_stock(block)) return next_realloc(block, size);
    void *copy = next_malloc(size);
    size_t rest = (size_t)(stock + sizeof stock - (char *)block);
    return copy ? memcpy(copy, block, size < rest ? size : rest) : NULL;
}

void *aligned_alloc(size_t alignment, size_t size) {
    READY(aligned_alloc);
    count(&counters->aligned, size);
    return next_aligned_alloc(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
    READY(memalign);
    count(&counters->aligned, size);
    return next_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    READY(posix_memalign);
    count(&counters->aligned, size);
    return next_posix_memalign(block, alignment, size);
}

void free(void *block) {
    if (!block || is_of_stock(block)) return;
    READY(free);
    atomic_fetch_add_explicit(&counters->frees, 1, memory_order_relaxed);
    next_free(block);
}
