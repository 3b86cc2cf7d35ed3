/* sizes.h: sums and products of sizes that stay at SIZE_MAX instead of wrapping around: an arena counts such a size as
 * more memory than there is. */
#ifndef HBCD_SIZES_H
#define HBCD_SIZES_H

#include <stddef.h>
#include <stdint.h>

static inline size_t hbcd_plus(size_t a, size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }
static inline size_t hbcd_times(size_t a, size_t b) { return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b; }

#endif
