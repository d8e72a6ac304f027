// Sixteen floats at a time, and the reductions every kernel shares. Private to this target.
#ifndef CK_VECTOR_H
#define CK_VECTOR_H

#include <stdint.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

typedef float v16 __attribute__((vector_size(64)));
typedef int32_t i16 __attribute__((vector_size(64)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v4 __attribute__((vector_size(16)));
typedef float v2 __attribute__((vector_size(8)));
typedef float v16_unaligned __attribute__((vector_size(64), aligned(4)));

// A function with CK_CLONES is compiled for each level. Where 32 registers ask for other loops than
// 16 do, one function is CK_WIDE, runs if ck_is_wide(), and leaves the other levels to a CK_NARROW one.
#if defined(__x86_64__) && defined(__linux__)
#define CK_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define CK_WIDE __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define CK_NARROW __attribute__((target_clones("arch=x86-64-v3", "default")))
#define ck_is_wide() __builtin_cpu_supports("x86-64-v4")
#else
#define CK_CLONES
#define CK_WIDE
#define CK_NARROW
#define ck_is_wide() 0
#endif
#define CK_INLINE static inline __attribute__((always_inline))

// Macros, not functions: a function that takes or returns a vector has one calling convention per
// instruction set, and the clones would disagree about it.
#define load(p) (*(const v16_unaligned *)(p))
#define store(p, v) (*(v16_unaligned *)(p) = (v))
#define splat(x) ((v16)((x) - (v16){0}))
#define fma16(a, b, c) __builtin_elementwise_fma((v16)(a), (v16)(b), (v16)(c))
#define max16(a, b) __builtin_elementwise_max((v16)(a), (v16)(b))
#define maximum16(v) __builtin_reduce_max((v16)(v))

// All bits of the lanes below n set, none of the others.
#define inside16(n) \
  ((i16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} < (int32_t)(n))
// The lanes of `mask` from a, the others from b.
#define select16(mask, a, b) ((v16)(((i16)(a) & (mask)) | ((i16)(b) & ~(mask))))

// The tree: lanes i and i + 8, then i + 4, then i + 2, then i + 1.
#define sum16(vector)                                                                   \
  ({                                                                                    \
    v16 v_ = (vector);                                                                  \
    v8 a_ = __builtin_shufflevector(v_, v_, 0, 1, 2, 3, 4, 5, 6, 7) +                   \
            __builtin_shufflevector(v_, v_, 8, 9, 10, 11, 12, 13, 14, 15);              \
    v4 b_ = __builtin_shufflevector(a_, a_, 0, 1, 2, 3) +                               \
            __builtin_shufflevector(a_, a_, 4, 5, 6, 7);                                \
    v2 c_ = __builtin_shufflevector(b_, b_, 0, 1) + __builtin_shufflevector(b_, b_, 2, 3); \
    c_[0] + c_[1];                                                                      \
  })

// e^x = 2^n · e^r with n = round(x · log₂e) and |r| ≤ ½ ln 2, r = x − n·ln 2 in two pieces; e^r by
// its Taylor series to r⁷ (truncation below 6e-9 relative), 2^n by the exponent field.
// 12582912 is 1.5 · 2²³: adding it rounds to the nearest integer.
#define exp16(vector)                                                        \
  ({                                                                         \
    v16 x_ = (vector);                                                       \
    i16 keep_ = x_ >= splat(-87.3f);                                         \
    x_ = __builtin_elementwise_min(max16(x_, splat(-87.3f)), splat(88.0f));  \
    v16 n_ = fma16(x_, splat(1.44269504f), splat(12582912.0f)) - 12582912.0f; \
    v16 r_ = fma16(n_, splat(-0.693359375f), x_);                            \
    r_ = fma16(n_, splat(2.12194440e-4f), r_);                               \
    v16 p_ = splat(1.0f / 5040);                                             \
    p_ = fma16(p_, r_, splat(1.0f / 720));                                   \
    p_ = fma16(p_, r_, splat(1.0f / 120));                                   \
    p_ = fma16(p_, r_, splat(1.0f / 24));                                    \
    p_ = fma16(p_, r_, splat(1.0f / 6));                                     \
    p_ = fma16(p_, r_, splat(0.5f));                                         \
    p_ = fma16(p_, r_, splat(1.0f));                                         \
    p_ = fma16(p_, r_, splat(1.0f));                                         \
    i16 exponent_ = (__builtin_convertvector(n_, i16) + 127) << 23;          \
    (v16)((i16)(p_ * (v16)exponent_) & keep_);                               \
  })

#endif
