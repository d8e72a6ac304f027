// A reward as a shared library: implement the two functions below and compile them, for example:
//
//     cc -O2 -shared -fPIC -I Sources/CRewardLibrary/include -o reward.so reward.c
//
// In a recipe:  rewards: [{ library: ./reward.so }]
#ifndef GRPO_REWARD_H
#define GRPO_REWARD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GRPO_REWARD_VERSION 1

// UTF-8, followed by a NUL that length does not count; bytes is NULL if there is no text.
typedef struct {
  const char *bytes;
  size_t length;
} grpo_text;

typedef struct {
  grpo_text prompt;      // what the policy was given
  grpo_text completion;  // what it wrote
  grpo_text label;       // the expected answer, if the row has one; JSON if it is not a text
  grpo_text columns;     // the data set's row as a JSON object
  const int64_t *token_ids;
  size_t token_count;
  int32_t finished;      // 1: it ended by itself; 0: the length limit cut it off
} grpo_completion;

enum {
  GRPO_SCORED = 0,          // rewards[i] counts; it must be finite
  GRPO_NOT_APPLICABLE = 1,  // this reward does not apply
  GRPO_FAILED = 2           // there is no score: masked and counted, not zero
};

// Must return GRPO_REWARD_VERSION.
int32_t grpo_reward_version(void);

// Scores count completions: writes rewards[i], and status[i] if it is not GRPO_SCORED.
//
// The completions of one prompt are adjacent. One thread calls this function at a time. The caller
// owns everything that is pointed to, and frees it after the call. Return 0; any other number fails
// all scores, with the text in message. At most message_size bytes of message, NUL included, may be
// written.
int32_t grpo_reward_score(int64_t step, const grpo_completion *completions, size_t count,
                          double *rewards, int32_t *status, char *message, size_t message_size);

#ifdef __cplusplus
}
#endif

#endif
