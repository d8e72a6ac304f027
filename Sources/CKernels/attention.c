#include "CKernels.h"
#include "vector.h"

// Lanes run along a head, whose size is a number of vectors: `vectors` of at most 8. Keys are counted
// from position 0, so where a key's row is stored, and how many rows are computed together, cannot
// change a bit.

// Head sizes of one, two and four vectors have loops of a known length.
#define by_vectors(function, head_size, ...)                     \
  switch (((head_size) + 15) / 16) {                             \
    case 1: function(1, __VA_ARGS__); break;                     \
    case 2: function(2, __VA_ARGS__); break;                     \
    case 4: function(4, __VA_ARGS__); break;                     \
    default: function(((head_size) + 15) / 16, __VA_ARGS__);     \
  }

// Vector i of a head's row. The last one reaches past the head's end where its size is no multiple
// of 16: those lanes belong to the next head, or to whatever was computed in this memory before, and
// are zeros here, since a product with zero would not silence a NaN.
#define load_head(x, i, vectors, own) \
  ((i) + 1 < (vectors) ? load((x) + 16 * (i)) : (v16)((i16)load((x) + 16 * (i)) & (own)))

// One query row and one head of it: where its parts lie, and the rows of its keys.
typedef struct {
  long query, out;  // offsets of its head in q, and in out
  long shift;       // offset of its key/value head within their rows
  float *statistics;
  const int32_t *keys;
  long count;
} head_row;

CK_INLINE head_row head_of_row(ck_attention a, long row, long head) {
  return (head_row){
    .query = row * a.ldq + head * a.head_size,
    .out = row * a.ldout + head * a.head_size,
    .shift = head / (a.heads / a.kv_heads) * a.head_size,
    .statistics = a.statistics + row * a.ldstatistics + 2 * head,
    .keys = a.table + a.sequences[row] * a.capacity,
    .count = a.positions[row] + 1,
  };
}

// x·scale, and zeros up to the next multiple of 16.
CK_INLINE void pad(float *padded, const float *x, long head_size, float scale) {
  long width = (head_size + 15) / 16 * 16;
  for (long i = 0; i < head_size; i++) padded[i] = x[i] * scale;
  for (long i = head_size; i < width; i++) padded[i] = 0;
}

CK_INLINE void load_padded(
  long vectors, v16 *head, float *padded, const float *x, long head_size, float scale) {
  pad(padded, x, head_size, scale);
  for (long i = 0; i < vectors; i++) head[i] = load(padded + 16 * i);
}

// The scores q·k of one query against its keys.
CK_INLINE void score(long vectors, ck_attention a, head_row h, const v16 *q) {
  i16 own = inside16(a.head_size - 16 * (vectors - 1));
  const float *k = a.k + h.shift;
  for (long j = 0; j < h.count; j++) {
    const float *key = k + h.keys[j] * a.ldkv;
    v16 sum = q[0] * load_head(key, 0, vectors, own);
    for (long i = 1; i < vectors; i++) sum = fma16(q[i], load_head(key, i, vectors, own), sum);
    a.scores[j] = sum16(sum);
  }
}

CK_INLINE void attend(long vectors, ck_attention a, head_row h) {
  float *scores = a.scores;
  v16 q[8];
  load_padded(vectors, q, a.padded, a.q + h.query, a.head_size, a.scale);
  score(vectors, a, h, q);
  for (long j = h.count; j < (h.count + 15) / 16 * 16; j++) scores[j] = -__builtin_inff();
  v16 highest = load(scores);
  for (long j = 16; j < h.count; j += 16) highest = max16(highest, load(scores + j));
  float maximum = maximum16(highest);
  v16 total = {0};
  for (long j = 0; j < h.count; j += 16) {
    v16 e = exp16(load(scores + j) - splat(maximum));
    store(scores + j, e);
    total += e;
  }
  float inverse = 1 / sum16(total);
  h.statistics[0] = maximum;
  h.statistics[1] = inverse;
  v16 sum[8] = {{0}};
  for (long j = 0; j < h.count; j++) {
    const float *value = a.v + h.shift + h.keys[j] * a.ldkv;
    v16 p = splat(scores[j]);
    for (long i = 0; i < vectors; i++) sum[i] = fma16(p, load(value + 16 * i), sum[i]);
  }
  float result[128];
  for (long i = 0; i < vectors; i++) store(result + 16 * i, sum[i] * splat(inverse));
  memcpy(a.out + h.out, result, a.head_size * sizeof(float));
}

CK_CLONES void ck_attention_forward(ck_attention a, long rows) {
  for (long r = 0; r < rows; r++)
    for (long head = 0; head < a.heads; head++)
      by_vectors(attend, a.head_size, a, head_of_row(a, r, head));
}

// The scores of one query against its keys, as probabilities.
CK_INLINE void probabilities(long vectors, ck_attention a, head_row h, const v16 *q) {
  float maximum = h.statistics[0], inverse = h.statistics[1];
  score(vectors, a, h, q);
  for (long j = h.count; j < (h.count + 15) / 16 * 16; j++) a.scores[j] = maximum;
  for (long j = 0; j < h.count; j += 16)
    store(a.scores + j, exp16(load(a.scores + j) - splat(maximum)) * splat(inverse));
}

// With p = softmax(s), s = scale·q·k: dv_j += p_j·dout; ds_j = p_j (dout·v_j − dout·out);
// dq += scale Σ ds_j k_j; dk_j += scale · ds_j q.
CK_INLINE void attend_backward(
  long vectors, ck_attention a, head_row h, float *dq, float *dk, float *dv, const float *dout) {
  v16 q[8], d[8], o[8], dquery[8];
  load_padded(vectors, q, a.padded, a.q + h.query, a.head_size, a.scale);
  load_padded(vectors, d, a.padded, dout + h.out, a.head_size, 1);
  load_padded(vectors, o, a.padded, a.out + h.out, a.head_size, 1);
  v16 dots = {0};
  for (long i = 0; i < vectors; i++) {
    dots = fma16(d[i], o[i], dots);
    dquery[i] = (v16){0};
  }
  float delta = sum16(dots);
  long tail = a.head_size - 16 * (vectors - 1);
  i16 own = inside16(tail);
  probabilities(vectors, a, h, q);
  for (long j = 0; j < h.count; j++) {
    long start = h.keys[j] * a.ldkv + h.shift;
    const float *key = a.k + start, *value = a.v + start;
    float *dkey = dk + start, *dvalue = dv + start;
    v16 sum = d[0] * load_head(value, 0, vectors, own);
    for (long i = 1; i < vectors; i++) sum = fma16(d[i], load_head(value, i, vectors, own), sum);
    float p = a.scores[j], ds = p * (sum16(sum) - delta);
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
  for (long i = 0; i < vectors; i++) store(a.padded + 16 * i, dquery[i] * splat(a.scale));
  for (long i = 0; i < a.head_size; i++) dq[h.query + i] += a.padded[i];
}

CK_CLONES void ck_attention_backward(
  ck_attention a, float *dq, float *dk, float *dv, const float *dout, const int32_t *index,
  long rows, long kv_head) {
  long group = a.heads / a.kv_heads;
  for (long r = 0; r < rows; r++)
    for (long head = kv_head * group; head < (kv_head + 1) * group; head++)
      by_vectors(
        attend_backward, a.head_size, a, head_of_row(a, index[r], head), dq, dk, dv, dout);
}

CK_INLINE void attend_tangent(
  long vectors, ck_attention a, head_row h, float *tout, const float *tq, const float *tk,
  const float *tv) {
  v16 q[8], tquery[8], sum[8] = {{0}};
  load_padded(vectors, q, a.padded, a.q + h.query, a.head_size, a.scale);
  load_padded(vectors, tquery, a.padded, tq + h.query, a.head_size, a.scale);
  probabilities(vectors, a, h, q);
  i16 own = inside16(a.head_size - 16 * (vectors - 1));
  float mean = 0;
  for (long j = 0; j < h.count; j++) {
    long start = h.keys[j] * a.ldkv + h.shift;
    v16 products = {0};
    for (long i = 0; i < vectors; i++) {
      products = fma16(q[i], load_head(tk + start, i, vectors, own), products);
      products = fma16(tquery[i], load_head(a.k + start, i, vectors, own), products);
    }
    float p = a.scores[j], ts = p * sum16(products);
    mean += ts;
    for (long i = 0; i < vectors; i++) {
      sum[i] = fma16(splat(p), load(tv + start + 16 * i), sum[i]);
      sum[i] = fma16(splat(ts), load(a.v + start + 16 * i), sum[i]);
    }
  }
  load_padded(vectors, q, a.padded, a.out + h.out, a.head_size, 1);
  for (long i = 0; i < vectors; i++) store(a.padded + 16 * i, fma16(splat(-mean), q[i], sum[i]));
  memcpy(tout + h.out, a.padded, a.head_size * sizeof(float));
}

CK_CLONES void ck_attention_tangent(
  ck_attention a, float *tout, const float *tq, const float *tk, const float *tv, long rows) {
  for (long r = 0; r < rows; r++)
    for (long head = 0; head < a.heads; head++)
      by_vectors(
        attend_tangent, a.head_size, a, head_of_row(a, r, head), tout, tq, tk, tv);
}
