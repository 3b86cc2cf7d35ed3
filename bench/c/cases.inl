/* cases.inl: all typed cases of bench.c. */
#include "../../bench/c/reference.inl"
#include "../../bench/c/affine.inl"
#include "../../bench/c/elementary.inl"
#include "../../bench/c/memory.inl"
#include "../../bench/c/problem.inl"
#include "../../bench/c/evaluations.inl"
#include "../../bench/c/normal.inl"
#include "../../bench/c/steps.inl"
#include "../../bench/c/training.inl"
#undef LIBM
#undef EPSILON
