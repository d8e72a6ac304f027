// A reward as a shared library:
//
//     cc -O2 -shared -fPIC -I ../Sources/CRewardLibrary/include -o reward.so reward.c
//
// In a recipe:  rewards: [{ library: ./reward.so }]
#include "grpo_reward.h"

#include <string.h>

int32_t grpo_reward_version(void) { return GRPO_REWARD_VERSION; }

int32_t grpo_reward_score(int64_t step, const grpo_completion *completions, size_t count,
                          double *rewards, int32_t *status, char *message, size_t message_size) {
  (void)step, (void)message, (void)message_size;
  for (size_t i = 0; i < count; i++) {
    grpo_text text = completions[i].completion, label = completions[i].label;
    if (!label.bytes) status[i] = GRPO_NOT_APPLICABLE;
    else rewards[i] = text.length == label.length && !memcmp(text.bytes, label.bytes, text.length);
  }
  return 0;
}
