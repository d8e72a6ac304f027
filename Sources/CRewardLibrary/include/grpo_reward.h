// A reward as a shared library: implement the two functions below and compile, say,
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

// UTF-8 with a NUL behind it that length does not count; bytes is NULL where there is no text.
typedef struct {
  const char *bytes;
  size_t length;
} grpo_text;

typedef struct {
  grpo_text prompt;      // what the policy was given
  grpo_text completion;  // what it wrote
  grpo_text label;       // the expected answer, where the row has one; JSON where it is no text
  grpo_text columns;     // the dataset row as a JSON object
  const int64_t *token_ids;
  size_t token_count;
  int32_t finished;      // 1: it ended by itself; 0: the length cut it off
} grpo_completion;

enum {
  GRPO_SCORED = 0,          // rewards[i] counts; it must be finite
  GRPO_NOT_APPLICABLE = 1,  // this reward has nothing to say
  GRPO_FAILED = 2           // there is no score: masked and counted, not zero
};

// Must return GRPO_REWARD_VERSION.
int32_t grpo_reward_version(void);

// Writes rewards[i], and status[i] where it is not GRPO_SCORED, for each of count completions; those
// of one prompt stand next to each other. Called by one thread at a time. Everything pointed to is
// the caller's and gone after the call. Returns 0; any other number fails all scores, with the text
// in message, of which message_size bytes, NUL included, may be written.
int32_t grpo_reward_score(int64_t step, const grpo_completion *completions, size_t count,
                          double *rewards, int32_t *status, char *message, size_t message_size);

#ifdef __cplusplus
}
#endif

#endif
