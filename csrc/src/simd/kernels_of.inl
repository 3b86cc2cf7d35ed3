/* kernels_of.inl: the table of an instruction set. */

const TY(kernels) *FN(kernels_of)(int isa)
{
#ifdef HBCD_X86
    if (isa == HBCD_ISA_AVX512) return &FN(kernels_avx512);
    if (isa == HBCD_ISA_AVX2) return &FN(kernels_avx2);
#elif defined(HBCD_ARM64)
    if (isa == HBCD_ISA_NEON) return &FN(kernels_neon);
#endif
    (void)isa;
    return &FN(kernels_baseline);
}
