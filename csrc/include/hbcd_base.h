/* hbcd_base.h: what everything rests on: status codes, instruction sets, borrowed memory, random numbers.  Part of hbcd.h. */
#ifndef HBCD_BASE_H
#define HBCD_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status (status.c) ------------------------------------------------------------------------ */

enum hbcd_status {
    HBCD_OK = 0,
    HBCD_STOP_GRADIENT = 1,     /* projected gradient norm <= pg_tol */
    HBCD_STOP_DECREASE = 2,     /* (f_old - f_new) / max(|f_old|, |f_new|, 1) <= f_tol */
    HBCD_STOP_ITERATIONS = 3,   /* iteration limit */
    HBCD_STOP_EVALUATIONS = 4,  /* evaluation limit */
    HBCD_STOP_TIME = 5,         /* time limit */
    HBCD_STOP_TARGET = 6,       /* f <= target */
    HBCD_STOP_WIDTH = 7,        /* ICRS: the search interval is narrower than its tolerance */
    HBCD_STOP_SENSITIVITY = 8,  /* no block more sensitive than the tolerance */
    HBCD_STOP_LINE_SEARCH = 9,  /* no better point along the search direction */
    HBCD_STOP_EPOCHS = 10,      /* all passes over the data done */
    HBCD_STOP_NO_PROGRESS = 11, /* several passes without a better value */
    HBCD_STOP_INTERRUPTED = 12, /* the user pressed Ctrl-C */
    HBCD_STOP_CALLBACK = 13,    /* the user's callback asked to stop */
    HBCD_STOP_NOT_FINITE = 14,  /* objective or gradient not finite at the start point */

    HBCD_ERR_ARGUMENT = -1, /* a size, index or option outside its range */
    HBCD_ERR_MEMORY = -2,   /* more is needed than was borrowed, or than size_t can count */
    HBCD_ERR_HOOK = -3,     /* a part supplied by the user failed; the caller knows the exception */
    HBCD_ERR_BOUNDS = -4,   /* this optimizer needs finite bounds on every variable */
    HBCD_ERR_NORMAL = -5,   /* this optimizer needs normal equations, and the loss or a layer has none */
    HBCD_ERR_OUTPUT = -6    /* this optimizer needs a last layer that is dense and linear, and squared error */
};

/* One line of text for a status; never NULL. */
const char *hbcd_status_text(int status);

#define HBCD_TRY(call)                                                                             \
    do {                                                                                           \
        int status_ = (call);                                                                      \
        if (status_ < 0) return status_;                                                           \
    } while (0)

/* ---- precision and instruction set ------------------------------------------------------------ */

enum hbcd_dtype { HBCD_F32 = 0, HBCD_F64 = 1 };
/* From what every processor has to the best: AVX2 and AVX-512 on x86-64, NEON on AArch64. */
enum hbcd_isa { HBCD_ISA_BASELINE = 0, HBCD_ISA_AVX2 = 1, HBCD_ISA_AVX512 = 2, HBCD_ISA_NEON = 1 };

/* The best instruction set that this build has and this processor runs; it runs all below, too.
 * -DHBCD_ISA_AT_MOST=HBCD_ISA_... makes a build that finds no better one. */
int hbcd_isa_detect(void);
/* NULL for an instruction set of another architecture. */
const char *hbcd_isa_name(int isa);
/* The OpenMP version date this build uses, 0 without OpenMP. */
int hbcd_openmp(void);

/* ---- arena (arena.c): bump allocation over borrowed memory ------------------------------------ */

typedef struct hbcd_arena {
    unsigned char *base; /* NULL: count only */
    size_t size;         /* bytes at base */
    size_t used;         /* bytes handed out so far, each piece aligned to HBCD_ALIGN */
} hbcd_arena;

enum { HBCD_ALIGN = 64 };

/* A piece of `count` elements of `bytes` each, aligned to HBCD_ALIGN when base is.  Counting arenas,
 * and arenas that are full, return NULL; `used` grows all the same. */
void *hbcd_arena_take(hbcd_arena *arena, size_t count, size_t bytes);
/* HBCD_OK, or HBCD_ERR_MEMORY when more was taken than there is; of a counting arena, than size_t can count.  Every
 * function that measures returns this. */
int hbcd_arena_check(const hbcd_arena *arena);

/* ---- random numbers (rng.c): Philox4x32-10 (Salmon et al. 2011), explicit state ----------------
 * The state is a key and a counter: the same seed and stream give the same numbers anywhere. */

typedef struct hbcd_rng {
    uint64_t key, stream, counter;
    uint32_t block[4];
    unsigned left; /* words of block not handed out yet */
} hbcd_rng;

void hbcd_rng_seed(hbcd_rng *rng, uint64_t seed, uint64_t stream);
uint64_t hbcd_rng_u64(hbcd_rng *rng);
double hbcd_rng_uniform(hbcd_rng *rng);                     /* in (0, 1), 53 bits */
double hbcd_rng_normal(hbcd_rng *rng);                      /* N(0, 1), inverse distribution function */
void hbcd_rng_normals(hbcd_rng *rng, size_t n, double *z);  /* the next n of them, in less time */
uint64_t hbcd_rng_below(hbcd_rng *rng, uint64_t n);         /* 0 <= k < n, unbiased; n >= 1 */
void hbcd_rng_shuffle(hbcd_rng *rng, size_t n, uint32_t *order); /* Fisher-Yates, in place */

#ifdef __cplusplus
}
#endif
#endif
