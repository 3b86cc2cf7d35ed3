/* peak.inl: as many multiplications and additions as the registers of one instruction set allow, one precision.
 *
 * PEAK_SUMS independent chains hide the latency; every element of every chain goes into what is stored, and what the
 * chains start from is not known to the compiler, so nothing can be left out or folded.  Where there is no fused
 * operation, half of the chains multiply and half add. */

#if PEAK_FUSED
enum { TY(PEAK(operations)) = 2 * PEAK_SUMS };
#else
enum { TY(PEAK(operations)) = PEAK_SUMS };
#endif

PEAK_TARGET static void FN(PEAK(peak))(void *self)
{
#ifdef HBCD_VECTOR_TYPES
    typedef REAL vec __attribute__((vector_size(PEAK_BYTES)));
#else
    typedef REAL vec;
#endif
    REAL *io = self;
    const vec factor = (vec){0} + io[0], term = (vec){0} + io[1];
    vec sum[PEAK_SUMS];
    HBCD_UNROLL for (int k = 0; k < PEAK_SUMS; k++) sum[k] = term * (REAL)(k + 1);
    for (int step = 0; step < PEAK_STEPS; step++) {
#if PEAK_FUSED
        HBCD_UNROLL for (int k = 0; k < PEAK_SUMS; k++) sum[k] = sum[k] * factor + term;
#else
        HBCD_UNROLL for (int k = 0; k < PEAK_SUMS; k += 2) sum[k] *= factor, sum[k + 1] += term;
#endif
    }
    vec total = sum[0];
    HBCD_UNROLL for (int k = 1; k < PEAK_SUMS; k++) total += sum[k];
    memcpy(io + 2, &total, sizeof total);
}
