/* hbcd_each_real.h: includes the file named by HBCD_EACH once for float and once for double.
 * Inside it REAL is the number type, TY(name) a type and FN(name) a function of that precision.
 * No include guard: it is meant to be included many times. */
#define HBCD_PASTE_(a, b) hbcd_##a##_##b
#define HBCD_PASTE(a, b) HBCD_PASTE_(a, b)
#define TY(name) HBCD_PASTE(name, SUFFIX)
#define FN(name) HBCD_PASTE(name, SUFFIX)

#define REAL float
#define SUFFIX f32
#define REAL_IS_F32 1
#define REAL_DTYPE HBCD_F32
#include HBCD_EACH
#undef REAL
#undef SUFFIX
#undef REAL_IS_F32
#undef REAL_DTYPE

#define REAL double
#define SUFFIX f64
#define REAL_IS_F32 0
#define REAL_DTYPE HBCD_F64
#include HBCD_EACH
#undef REAL
#undef SUFFIX
#undef REAL_IS_F32
#undef REAL_DTYPE

#undef TY
#undef FN
#undef HBCD_PASTE
#undef HBCD_PASTE_
