#include "CKernels.h"
#include "vector.h"

// Forward with sign 1; backward, which turns by the negative angle, with sign -1.
void ck_rotary(
  float *x, long ld, long rows, long heads, long head_size, const float *cosines,
  const float *sines, const int32_t *positions, float sign) {
  long half = head_size / 2;
  for (long r = 0; r < rows; r++) {
    const float *c = cosines + positions[r] * half, *s = sines + positions[r] * half;
    for (long h = 0; h < heads; h++) {
      float *a = x + r * ld + h * head_size, *b = a + half;
      for (long i = 0; i < half; i++) {
        float sine = sign * s[i];
        float left = a[i] * c[i] - b[i] * sine;
        float right = b[i] * c[i] + a[i] * sine;
        a[i] = left;
        b[i] = right;
      }
    }
  }
}
