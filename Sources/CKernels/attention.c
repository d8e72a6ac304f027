#include "CKernels.h"
#include "vector.h"

// Vector i of a head's row. The last one reaches past the head's end where its size is no multiple
// of 16: those lanes belong to the next head, or to whatever was computed in this memory before, and
// are zeros here, since a product with zero would not silence a NaN.
#define load_head(x, i, vectors, own) \
  ((i) + 1 < (vectors) ? load((x) + 16 * (i)) : (v16)((i16)load((x) + 16 * (i)) & (own)))

// The scores q·k of one query against its keys.
CK_INLINE void score(
  long vectors, const v16 *q, const float *k, long ldkv, const int32_t *keys, long count,
  long head_size, float *scores) {
  i16 own = inside16(head_size - 16 * (vectors - 1));
  for (long j = 0; j < count; j++) {
    const float *key = k + keys[j] * ldkv;
    v16 sum = q[0] * load_head(key, 0, vectors, own);
    for (long i = 1; i < vectors; i++) sum = fma16(q[i], load_head(key, i, vectors, own), sum);
    scores[j] = sum16(sum);
  }
}

// One query row and one head. Lanes run along the head; keys are counted from position 0, so
// where a key's row is stored, and how many rows are computed together, cannot change a bit.
CK_INLINE void attend(
  long vectors, float *out, float *statistics, const float *query, const float *k, const float *v,
  long ldkv, const int32_t *keys, long count, long head_size, float *scores) {
  v16 q[8];
  for (long i = 0; i < vectors; i++) q[i] = load(query + 16 * i);
  score(vectors, q, k, ldkv, keys, count, head_size, scores);
  for (long j = count; j < (count + 15) / 16 * 16; j++) scores[j] = -__builtin_inff();
  v16 highest = load(scores);
  for (long j = 16; j < count; j += 16) highest = max16(highest, load(scores + j));
  float maximum = maximum16(highest);
  v16 total = {0};
  for (long j = 0; j < count; j += 16) {
    v16 e = exp16(load(scores + j) - splat(maximum));
    store(scores + j, e);
    total += e;
  }
  float inverse = 1 / sum16(total);
  statistics[0] = maximum;
  statistics[1] = inverse;
  v16 sum[8] = {{0}};
  for (long j = 0; j < count; j++) {
    const float *value = v + keys[j] * ldkv;
    v16 p = splat(scores[j]);
    for (long i = 0; i < vectors; i++) sum[i] = fma16(p, load(value + 16 * i), sum[i]);
  }
  float result[128];
  for (long i = 0; i < vectors; i++) store(result + 16 * i, sum[i] * splat(inverse));
  memcpy(out, result, head_size * sizeof(float));
}

// x·scale, and zeros up to the next multiple of 16.
CK_INLINE void pad(float *padded, const float *x, long head_size, float scale) {
  long width = (head_size + 15) / 16 * 16;
  for (long i = 0; i < head_size; i++) padded[i] = x[i] * scale;
  for (long i = head_size; i < width; i++) padded[i] = 0;
}

#define ATTEND(V)                                                                              \
  attend(                                                                                      \
    V, out + r * ldout + h * head_size, statistics + r * ldstatistics + 2 * h, padded, k + shift,   \
    v + shift, ldkv, keys, positions[r] + 1, head_size, scores)

CK_CLONES void ck_attention_forward(
  float *out, long ldout, float *statistics, long ldstatistics, const float *q, long ldq,
  const float *k, const float *v, long ldkv, const int32_t *table, long capacity, const int32_t *sequences,
  const int32_t *positions, long rows, long heads, long kv_heads, long head_size, float scale,
  float *scores, float *padded) {
  for (long r = 0; r < rows; r++) {
    const int32_t *keys = table + sequences[r] * capacity;
    for (long h = 0; h < heads; h++) {
      long shift = h / (heads / kv_heads) * head_size;
      pad(padded, q + r * ldq + h * head_size, head_size, scale);
      switch ((head_size + 15) / 16) {
        case 1: ATTEND(1); break;
        case 2: ATTEND(2); break;
        case 4: ATTEND(4); break;
        default: ATTEND((head_size + 15) / 16);
      }
    }
  }
}

// The scores of one query against its keys, as probabilities.
CK_INLINE void probabilities(
  long vectors, const v16 *q, const float *k, long ldkv, const int32_t *keys, long count,
  long head_size, float maximum, float inverse, float *scores) {
  score(vectors, q, k, ldkv, keys, count, head_size, scores);
  for (long j = count; j < (count + 15) / 16 * 16; j++) scores[j] = maximum;
  for (long j = 0; j < count; j += 16)
    store(scores + j, exp16(load(scores + j) - splat(maximum)) * splat(inverse));
}

// With p = softmax(s), s = scale·q·k: dv_j += p_j·dout; ds_j = p_j (dout·v_j − dout·out);
// dq += scale Σ ds_j k_j; dk_j += scale · ds_j q.
CK_INLINE void attend_backward(
  long vectors, float *dq, float *dk, float *dv, const float *dout, const float *out,
  const float *statistics, const float *query, const float *k, const float *v, long ldkv,
  const int32_t *keys, long count, long head_size, float scale, float *scores, float *padded) {
  float *wide = padded + 16 * vectors;
  v16 q[8], d[8], dquery[8];
  pad(padded, query, head_size, scale);
  for (long i = 0; i < vectors; i++) q[i] = load(padded + 16 * i);
  pad(padded, dout, head_size, 1);
  pad(wide, out, head_size, 1);
  v16 dots = {0};
  for (long i = 0; i < vectors; i++) {
    d[i] = load(padded + 16 * i);
    dots = fma16(d[i], load(wide + 16 * i), dots);
    dquery[i] = (v16){0};
  }
  float delta = sum16(dots);
  long tail = head_size - 16 * (vectors - 1);
  i16 own = inside16(tail);
  probabilities(
    vectors, q, k, ldkv, keys, count, head_size, statistics[0], statistics[1], scores);
  for (long j = 0; j < count; j++) {
    const float *key = k + keys[j] * ldkv, *value = v + keys[j] * ldkv;
    float *dkey = dk + keys[j] * ldkv, *dvalue = dv + keys[j] * ldkv;
    v16 sum = d[0] * load_head(value, 0, vectors, own);
    for (long i = 1; i < vectors; i++) sum = fma16(d[i], load_head(value, i, vectors, own), sum);
    float p = scores[j], ds = p * (sum16(sum) - delta);
    for (long i = 0; i < vectors; i++) {
      dquery[i] = fma16(splat(ds), load(key + 16 * i), dquery[i]);
      v16 newkey = fma16(splat(ds), q[i], load(dkey + 16 * i));
      v16 newvalue = fma16(splat(p), d[i], load(dvalue + 16 * i));
      if (i + 1 < vectors || tail == 16) {
        store(dkey + 16 * i, newkey);
        store(dvalue + 16 * i, newvalue);
      } else {
        memcpy(dkey + 16 * i, &newkey, tail * sizeof(float));
        memcpy(dvalue + 16 * i, &newvalue, tail * sizeof(float));
      }
    }
  }
  for (long i = 0; i < vectors; i++) store(padded + 16 * i, dquery[i] * splat(scale));
  for (long i = 0; i < head_size; i++) dq[i] += padded[i];
}

#define ATTEND_BACKWARD(V)                                                                  \
  attend_backward(                                                                          \
    V, dq + qo, dk + shift, dv + shift, dout + oo, out + oo, statistics + row * ldstatistics + 2 * h, \
    q + qo, k + shift, v + shift, ldkv, keys, positions[row] + 1, head_size, scale, scores, padded)

CK_CLONES void ck_attention_backward(
  float *dq, float *dk, float *dv, const float *dout, const float *out, const float *statistics,
  long ldstatistics, const float *q, long ldq, long ldout, const float *k, const float *v, long ldkv,
  const int32_t *index, const int32_t *table, long capacity, const int32_t *sequences,
  const int32_t *positions, long rows, long heads, long kv_heads, long kv_head, long head_size,
  float scale, float *scores, float *padded) {
  long group = heads / kv_heads, shift = kv_head * head_size;
  for (long r = 0; r < rows; r++) {
    long row = index[r];
    const int32_t *keys = table + sequences[row] * capacity;
    for (long h = kv_head * group; h < (kv_head + 1) * group; h++) {
      long qo = row * ldq + h * head_size, oo = row * ldout + h * head_size;
      switch ((head_size + 15) / 16) {
        case 1: ATTEND_BACKWARD(1); break;
        case 2: ATTEND_BACKWARD(2); break;
        case 4: ATTEND_BACKWARD(4); break;
        default: ATTEND_BACKWARD((head_size + 15) / 16);
      }
    }
  }
}

CK_INLINE void attend_tangent(
  long vectors, float *tout, const float *tquery, const float *tk, const float *tv,
  const float *out, const float *statistics, const float *query, const float *k, const float *v,
  long ldkv, const int32_t *keys, long count, long head_size, float scale, float *scores,
  float *padded) {
  v16 q[8], tq[8], sum[8] = {{0}};
  pad(padded, query, head_size, scale);
  for (long i = 0; i < vectors; i++) q[i] = load(padded + 16 * i);
  pad(padded, tquery, head_size, scale);
  for (long i = 0; i < vectors; i++) tq[i] = load(padded + 16 * i);
  probabilities(
    vectors, q, k, ldkv, keys, count, head_size, statistics[0], statistics[1], scores);
  i16 own = inside16(head_size - 16 * (vectors - 1));
  float mean = 0;
  for (long j = 0; j < count; j++) {
    long start = keys[j] * ldkv;
    v16 products = {0};
    for (long i = 0; i < vectors; i++) {
      products = fma16(q[i], load_head(tk + start, i, vectors, own), products);
      products = fma16(tq[i], load_head(k + start, i, vectors, own), products);
    }
    float p = scores[j], ts = p * sum16(products);
    mean += ts;
    for (long i = 0; i < vectors; i++) {
      sum[i] = fma16(splat(p), load(tv + start + 16 * i), sum[i]);
      sum[i] = fma16(splat(ts), load(v + start + 16 * i), sum[i]);
    }
  }
  pad(padded, out, head_size, 1);
  for (long i = 0; i < vectors; i++)
    store(padded + 16 * i, fma16(splat(-mean), load(padded + 16 * i), sum[i]));
  memcpy(tout, padded, head_size * sizeof(float));
}

#define ATTEND_TANGENT(V)                                                                      \
  attend_tangent(                                                                              \
    V, tout + oo, tq + qo, tk + shift, tv + shift, out + oo, statistics + r * ldstatistics + 2 * h, \
    q + qo, k + shift, v + shift, ldkv, keys, positions[r] + 1, head_size, scale, scores, padded)

CK_CLONES void ck_attention_tangent(
  float *tout, const float *tq, const float *tk, const float *tv, const float *out, long ldout,
  const float *statistics, long ldstatistics, const float *q, long ldq, const float *k,
  const float *v, long ldkv, const int32_t *table, long capacity, const int32_t *sequences,
  const int32_t *positions, long rows, long heads, long kv_heads, long head_size, float scale,
  float *scores, float *padded) {
  for (long r = 0; r < rows; r++) {
    const int32_t *keys = table + sequences[r] * capacity;
    for (long h = 0; h < heads; h++) {
      long shift = h / (heads / kv_heads) * head_size;
      long qo = r * ldq + h * head_size, oo = r * ldout + h * head_size;
      switch ((head_size + 15) / 16) {
        case 1: ATTEND_TANGENT(1); break;
        case 2: ATTEND_TANGENT(2); break;
        case 4: ATTEND_TANGENT(4); break;
        default: ATTEND_TANGENT((head_size + 15) / 16);
      }
    }
  }
}
