/* peak.h: what this processor can do at most, measured in this run: multiplications and additions in registers for
 * every instruction set and precision, and bytes to and from memory. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include "report.h"
#include "simd/target.h"

enum { PEAK_STEPS = 5000 };

#define PEAK(name) PEAK_PASTE(name, PEAK_ISA)
#define PEAK_PASTE(a, b) PEAK_PASTE_(a, b)
#define PEAK_PASTE_(a, b) a##_##b
#define HBCD_EACH "../../bench/c/peak.inl"

#define PEAK_ISA baseline
#define PEAK_TARGET
#define PEAK_BYTES 16
#define PEAK_SUMS 12
#ifdef __ARM_FEATURE_FMA
#define PEAK_FUSED 1
#else
#define PEAK_FUSED 0
#endif
#include "hbcd_each_real.h"
#undef PEAK_ISA
#undef PEAK_TARGET
#undef PEAK_BYTES
#undef PEAK_SUMS
#undef PEAK_FUSED

#ifdef HBCD_X86
#define PEAK_FUSED 1
#define PEAK_ISA avx2
#define PEAK_TARGET __attribute__((target("avx2,fma")))
#define PEAK_BYTES 32
#define PEAK_SUMS 12
#include "hbcd_each_real.h"
#undef PEAK_ISA
#undef PEAK_TARGET
#undef PEAK_BYTES
#undef PEAK_SUMS

#define PEAK_ISA avx512
#define PEAK_TARGET __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")))
#define PEAK_BYTES 64
#define PEAK_SUMS 16
#include "hbcd_each_real.h"
#endif
#undef HBCD_EACH

static struct {
    double flops[2][3];   /* [dtype][isa], operations per second */
    double copy, triad;   /* bytes per second */
} peak;

typedef struct peak_row {
    void (*call)(void *self);
    int dtype, isa, operations; /* per step and lane */
    size_t lanes;
} peak_row;

#ifdef HBCD_VECTOR_TYPES
#define PEAK_LANES(bytes, real) ((bytes) / sizeof(real))
#else
#define PEAK_LANES(bytes, real) 1
#endif
#define PEAK_ROW(isa, ISA, bytes)                                                                                      \
    {hbcd_peak_##isa##_f32, HBCD_F32, ISA, hbcd_operations_##isa##_f32, PEAK_LANES(bytes, float)},                     \
    {hbcd_peak_##isa##_f64, HBCD_F64, ISA, hbcd_operations_##isa##_f64, PEAK_LANES(bytes, double)}

static void measure_flops(int best)
{
    static const peak_row rows[] = {
        PEAK_ROW(baseline, HBCD_ISA_BASELINE, 16),
#ifdef HBCD_X86
        PEAK_ROW(avx2, HBCD_ISA_AVX2, 32),
        PEAK_ROW(avx512, HBCD_ISA_AVX512, 64),
#elif defined(HBCD_ARM64)
        PEAK_ROW(baseline, HBCD_ISA_NEON, 16), /* the same vectors */
#endif
    };
    begin_section("the machine: multiply and add", "GF/s");
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        const peak_row *row = &rows[k];
        if (row->isa > best) continue;
        float single[2 + 16] = {0.999F, 1e-3F};
        double twice[2 + 8] = {0.999, 1e-3};
        line l = {.what = "peak", .dtype = row->dtype, .isa = row->isa, .threads = 1};
        l.work = (double)row->operations * (double)row->lanes * PEAK_STEPS;
        l.time = time_of(3 * options.seconds, row->call, row->dtype == HBCD_F32 ? (void *)single : (void *)twice);
        report(&l);
        peak.flops[row->dtype][row->isa] = l.work / l.time.median;
    }
}

/* ---- memory: the copy and the triad of STREAM, on arrays larger than any cache; bytes counted as STREAM does ----- */

enum { STREAM = 1 << 23 }; /* 64 MB each */
typedef struct stream {
    double *a, *b, *c, factor;
} stream_arrays;

static void stream_copy(void *self)
{
    const stream_arrays *s = self;
    memcpy(s->c, s->a, STREAM * sizeof *s->c);
}

static void stream_triad(void *self)
{
    const stream_arrays *s = self;
    const double *restrict b = s->b, *restrict c = s->c, factor = s->factor;
    double *restrict a = s->a;
    for (size_t k = 0; k < STREAM; k++) a[k] = b[k] + factor * c[k];
}

static void measure_memory(void)
{
    double *room = malloc(3 * (size_t)STREAM * sizeof *room);
    if (room == NULL) abort();
    for (size_t k = 0; k < 3 * (size_t)STREAM; k++) room[k] = (double)(k % 7);
    stream_arrays s = {room, room + STREAM, room + 2 * (size_t)STREAM, 0.5};
    begin_section("the machine: memory", "GB/s");
    line copy = {.what = "copy", .dtype = HBCD_F64, .threads = 1, .work = 16.0 * STREAM};
    line triad = {.what = "triad", .dtype = HBCD_F64, .threads = 1, .work = 24.0 * STREAM};
    copy.time = time_of(options.seconds, stream_copy, &s);
    triad.time = time_of(options.seconds, stream_triad, &s);
    report(&copy), report(&triad);
    peak.copy = copy.work / copy.time.median;
    peak.triad = triad.work / triad.time.median;
    free(room);
}

#endif
