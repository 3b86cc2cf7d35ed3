/* memory.h: memory for the core as a stranger would lend it: exactly as large as measured, full of rubbish, with guard
 * bytes behind it. */
#ifndef MEMORY_H
#define MEMORY_H

#include "check.h"
#include "hbcd.h"

#ifdef _WIN32 /* which has no aligned_alloc */
#include <malloc.h>
#define ALIGNED_ALLOC(size) _aligned_malloc(size, HBCD_ALIGN)
#define ALIGNED_FREE(base) _aligned_free(base)
#else
#define ALIGNED_ALLOC(size) aligned_alloc(HBCD_ALIGN, size)
#define ALIGNED_FREE(base) free(base)
#endif

#if defined(__SANITIZE_ADDRESS__)
enum { GUARD = 0 }; /* the sanitizer watches the bytes behind */
#else
enum { GUARD = 64 };
#endif
enum { RUBBISH = 0xff }; /* NaN in both precisions */

typedef struct memory {
    unsigned char *base;
    hbcd_arena arena;
} memory;

/* `size` is what a counting arena measured, a multiple of HBCD_ALIGN. */
static inline memory borrow(size_t size)
{
    memory m;
    m.base = ALIGNED_ALLOC(size + GUARD ? size + GUARD : HBCD_ALIGN);
    if (m.base == NULL) abort();
    memset(m.base, RUBBISH, size + GUARD);
    m.arena = (hbcd_arena){m.base, size, 0};
    return m;
}

/* All of it was used, and nothing behind it. */
static inline void give_back(memory *m)
{
    CHECK(m->arena.used == m->arena.size);
    int touched = 0;
    const size_t guard = GUARD;
    for (size_t k = 0; k < guard; k++) touched += m->base[m->arena.size + k] != RUBBISH;
    CHECK(touched == 0);
    ALIGNED_FREE(m->base);
    m->base = NULL;
}

#endif
