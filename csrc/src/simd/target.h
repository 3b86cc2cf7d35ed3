/* target.h: what the compiler offers.  Vector types of GCC and clang where they exist; elsewhere a vector has one
 * element and the same source is plain C. */
#ifndef HBCD_TARGET_H
#define HBCD_TARGET_H

#if defined(__GNUC__) || defined(__clang__)
#define HBCD_INLINE static inline __attribute__((always_inline))
#define HBCD_VECTOR_TYPES 1
#elif defined(_MSC_VER)
#define HBCD_INLINE static __forceinline
#else
#define HBCD_INLINE static inline
#endif

#if defined(HBCD_VECTOR_TYPES) && (defined(__x86_64__) || defined(__amd64__))
#define HBCD_X86 1
#endif

#if defined(HBCD_VECTOR_TYPES) && defined(__aarch64__)
#define HBCD_ARM64 1
#endif

#if defined(__clang__)
#define HBCD_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define HBCD_UNROLL _Pragma("GCC unroll 16")
#else
#define HBCD_UNROLL
#endif

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HBCD_SHUFFLES 1
#endif
#endif

/* The first line of a function whose products and sums clang must not fuse, so that all instruction sets give the same
 * bits; gcc is told by HBCD_PLAIN_SUMS before and HBCD_END_PLAIN_SUMS after it. */
#if defined(__clang__)
#define HBCD_NOT_CONTRACTED _Pragma("clang fp contract(off)")
#define HBCD_PLAIN_SUMS
#define HBCD_END_PLAIN_SUMS
#elif defined(__GNUC__)
#define HBCD_NOT_CONTRACTED
#define HBCD_PLAIN_SUMS _Pragma("GCC push_options") _Pragma("GCC optimize(\"fp-contract=off\")")
#define HBCD_END_PLAIN_SUMS _Pragma("GCC pop_options")
#else
#define HBCD_NOT_CONTRACTED
#define HBCD_PLAIN_SUMS
#define HBCD_END_PLAIN_SUMS
#endif

/* The iterations of a loop are independent, also where input and output are the same array.  Without it clang's check
 * for overlap sends work in place to the scalar loop. */
#if defined(__clang__)
#define HBCD_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define HBCD_INDEPENDENT _Pragma("GCC ivdep")
#else
#define HBCD_INDEPENDENT
#endif
#define HBCD_INDEPENDENT_LONG HBCD_INDEPENDENT /* a loop whose body fills the registers */

#endif
