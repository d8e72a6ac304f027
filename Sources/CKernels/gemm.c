#include "CKernels.h"
#include "vector.h"

// A tile of R rows × P panels keeps R·P sums in registers; each is one chain over k, so the tile's
// shape cannot change a bit. Six sums of 16 lanes hide the latency of a fused multiply-add and are
// all that 16 registers of 8 lanes can hold; with few rows, several panels take the rows' place.
CK_INLINE void tile(
  long R, long P, float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride,
  long depth, int accumulate) {
  v16 sum[6][4];
  for (long r = 0; r < R; r++)
    for (long p = 0; p < P; p++)
      sum[r][p] = accumulate ? load(y + r * ldy + 16 * p) : (v16){0};
  for (long k = 0; k < depth; k++) {
    v16 w[4];
    for (long p = 0; p < P; p++) w[p] = load(b + p * panel_stride + 16 * k);
    for (long r = 0; r < R; r++) {
      v16 a = splat(x[r * ldx + k]);
      for (long p = 0; p < P; p++) sum[r][p] = fma16(a, w[p], sum[r][p]);
    }
  }
  for (long r = 0; r < R; r++)
    for (long p = 0; p < P; p++) store(y + r * ldy + 16 * p, sum[r][p]);
}

CK_INLINE void tiles_across(
  long R, long P, float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride,
  long panels, long depth, int accumulate) {
  long p = 0;
  for (; p + P <= panels; p += P)
    tile(R, P, y + 16 * p, ldy, x, ldx, b + p * panel_stride, panel_stride, depth, accumulate);
  for (; p < panels; p++)
    tile(R, 1, y + 16 * p, ldy, x, ldx, b + p * panel_stride, panel_stride, depth, accumulate);
}

CK_CLONES void ck_gemm(
  float *y, long ldy, const float *x, long ldx, const float *b, long panel_stride, long rows,
  long panels, long depth, int accumulate) {
  // Blocks of rows keep x in the first-level cache while all panels pass by.
  const long block = 48;
  long first = 0;
  while (rows - first >= 6) {
    long count = rows - first < block ? (rows - first) / 6 * 6 : block;
    for (long p = 0; p < panels; p++)
      for (long r = first; r < first + count; r += 6)
        tile(
          6, 1, y + r * ldy + 16 * p, ldy, x + r * ldx, ldx, b + p * panel_stride, panel_stride,
          depth, accumulate);
    first += count;
  }
  y += first * ldy;
  x += first * ldx;
  switch (rows - first) {
    case 5: tiles_across(5, 1, y, ldy, x, ldx, b, panel_stride, panels, depth, accumulate); break;
    case 4: tiles_across(4, 1, y, ldy, x, ldx, b, panel_stride, panels, depth, accumulate); break;
    case 3: tiles_across(3, 2, y, ldy, x, ldx, b, panel_stride, panels, depth, accumulate); break;
    case 2: tiles_across(2, 3, y, ldy, x, ldx, b, panel_stride, panels, depth, accumulate); break;
    case 1: tiles_across(1, 4, y, ldy, x, ldx, b, panel_stride, panels, depth, accumulate); break;
    default: break;
  }
}

CK_CLONES void ck_gather_panels(
  float *dst, long ld, const float *src, long ldsrc, const int32_t *index, long rows,
  long panels) {
  for (long r = 0; r < rows; r++) {
    const float *row = src + index[r] * ldsrc;
    for (long p = 0; p < panels; p++) store(dst + (p * ld + r) * 16, load(row + 16 * p));
  }
}

void ck_transpose_panels(float *dst, const float *src, long N, long K, long first, long last) {
  long padded = (N + 15) / 16 * 16;
  for (long kp = first; kp < last; kp++)
    for (long np = 0; np < padded / 16; np++)
      for (long l = 0; l < 16; l++) {
        long k = 16 * kp + l;
        for (long n = 0; n < 16; n++)
          dst[(kp * padded + 16 * np + n) * 16 + l] = k < K ? src[(np * K + k) * 16 + n] : 0;
      }
}

CK_INLINE void outer_tile(
  long I, float *g, const float *x, const float *dy, long rows) {
  v16 sum[6];
  for (long i = 0; i < I; i++) sum[i] = load(g + 16 * i);
  for (long r = 0; r < rows; r++) {
    v16 d = load(dy + 16 * r);
    for (long i = 0; i < I; i++) sum[i] = fma16(splat(x[16 * r + i]), d, sum[i]);
  }
  for (long i = 0; i < I; i++) store(g + 16 * i, sum[i]);
}

CK_CLONES void ck_gemm_outer(
  float *g, const float *x, const float *dy, long ld, long rows, long inputs) {
  for (long k = 0; k < inputs; k += 16) {
    const float *panel = x + k * ld;
    if (k + 16 <= inputs) {
      outer_tile(6, g + 16 * k, panel, dy, rows);
      outer_tile(5, g + 16 * (k + 6), panel + 6, dy, rows);
      outer_tile(5, g + 16 * (k + 11), panel + 11, dy, rows);
    } else {
      for (long i = 0; k + i < inputs; i++) outer_tile(1, g + 16 * (k + i), panel + i, dy, rows);
    }
  }
}
