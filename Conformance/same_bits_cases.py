"""What same_bits.py runs: every choice that a recipe has, on a policy of ten thousand weights."""
import dataclasses
import itertools

COMMON = """
seed: 1
output: run
data: { train: TOP/data/arithmetic/addition-test.jsonl }
prompt: TOP/prompts/arithmetic.txt
train:
  algorithm: grpo
  questions_per_step: 6
  num_generations: 6
  max_completion_length: 5
  outer_iterations: 2
  steps_per_iteration: 10
  learning_rate: 1.0e-3
  num_iterations: 2
rewards: [exact_match, { name: length_band, max: 2, slope: 3, weight: 0.2 }]
"""
NEW = COMMON + """
tokenizer: { vocab_size: 280 }
model:
  hidden_size: 16
  num_hidden_layers: 2
  num_attention_heads: 2
  num_key_value_heads: 1
  intermediate_size: 48
  max_position_embeddings: 24
  tie_word_embeddings: true
  initializer_range: 0.06
warm_start: { steps: 900, batch_size: 32, learning_rate: 1.0e-2, warmup_steps: 10 }
"""
TINY = COMMON + """
model: { path: START/warm-start/model }
"""

# Comparisons of answers, of which the shorter one is the better.
PAIRS = [{"prompt": f"{a}+{b}=", "chosen": str(a + b), "rejected": f"{a + b}{a}"}
         for a in range(10, 40, 3) for b in range(10, 40, 4)]


@dataclasses.dataclass(frozen=True)
class Case:
    """A run: of `recipe` (a text, or a path in the repository) with `settings` by --set.

    Each of the metrics `moves` must take two values at least, or the case does not reach what it is
    for. With `ends_at` the run is made to that step first and then gone on with; with `interrupted` it
    gets SIGINT first. With `command` something else than `grpo run RECIPE` runs; what it prints counts
    where it leaves no files in its folder, RUN. A program without its `preset` is not asked.
    """
    name: str
    settings: dict = dataclasses.field(default_factory=dict)
    moves: tuple = ()
    recipe: str = TINY
    ends_at: int = 0
    interrupted: bool = False
    preset: str = ""
    command: tuple = ()


# What other cases begin with: their policy, and a reward model.
START = Case("start", recipe=NEW, command=("sft", "RECIPE", "--output", "RUN"))
JUDGE = Case("judge", command=("reward", "train", "--data", "PAIRS", "--model", "START/warm-start/model",
                               "--steps", "20", "--output", "RUN"))


def train(**keys):
    return {f"train.{key}": value for key, value in keys.items()}


def cases(presets):
    """All cases; `presets` are the keys of every value of train.algorithm, as `grpo algorithms` has them."""
    yield from (START, JUDGE)
    yield from recipes()
    for name, keys in presets.items():
        yield preset(name, keys)
    for part in (updates, advantages, objectives, divergences, references, values, sampling, stages,
                 rewards, commands):
        for case in part():
            yield dataclasses.replace(case, name=f"{part.__name__}: {case.name}")


def recipes():
    yield Case("smoke", recipe="recipes/smoke.yaml")
    yield Case("quickstart", {
        "warm_start.steps": 400, "train.outer_iterations": 2, "train.steps_per_iteration": 20,
        "train.questions_per_step": 32, "evaluation.every": 20, "evaluation.questions": 64},
        ("kl", "reference_resets", "eval/accuracy"), "recipes/quickstart.yaml")
    short = {"warm_start.steps": 8, "warm_start.batch_size": 16, "train.steps": 3,
             "train.questions_per_step": 8, "train.num_generations": 4, "evaluation.every": 2,
             "evaluation.questions": 8, "evaluation.samples": 2, "evaluation.k": "[1,2]"}
    for name in ("addition", "arithmetic-long", "caesar", "chain-sum", "parity", "reading", "sorting",
                 "spell-backward", "subtraction", "studies/arithmetic"):
        yield Case(f"recipe {name}", short, recipe=f"recipes/{name}.yaml")
    for name in ("collapse", "ppo-beside-grpo", "presets", "process-supervision", "reward-hacking",
                 "trpo"):
        study = {"warm_start.steps": 8, "train.steps": 2, "train.questions_per_step": 4,
                 "train.num_generations": 2, "train.num_mini_batches": 1, "evaluation.questions": 8}
        if name == "reward-hacking":
            study |= {"reward_model.steps": 4, "reward_model.questions": 16}
        yield Case(f"study {name}", study, recipe=f"recipes/studies/{name}.yaml",
                   command=("compare", "RECIPE", "--seeds", "1", "-q", "--output", "RUN"))


def preset(name, keys):
    """20 steps, with two passes over the completions where one would leave a clip nothing to do."""
    settings = train(algorithm=name)
    if keys["update"] != "adam":
        settings |= train(learning_rate="null")
    settings |= train(num_iterations=max(2, int(keys["num_iterations"])) if keys["update"] == "adam"
                      else keys["num_iterations"])
    return Case(f"preset {name}", settings, preset=name)


def updates():
    plain = train(algorithm="reinforce-baseline", num_iterations=1, learning_rate="null", surrogate="ratio")
    for loss in ("same-rollouts", "resampled"):
        yield Case(f"line search, {loss}", plain | train(update="line-search", line_search_loss=loss),
                   ("line_search/step",))
    for form, fisher, trials in itertools.product(("half-mean", "sum"), ("exact", "sampled"), (10, 0)):
        yield Case(f"trust region, {form}, {fisher}, {trials} trials", plain | train(
            update="trust-region", trust_region_form=form, fisher=fisher, backtrack_trials=trials,
            max_kl=0.01 if form == "half-mean" else 100),
            ("trust_region/step" if trials else "trust_region/kl",))
    yield Case("trust region, policy to old", plain | train(
        update="trust-region", trust_region_kl="policy-to-old"), ("trust_region/kl",))
    yield Case("trust region, mini-batches", plain | train(
        update="trust-region", num_mini_batches=3), ("trust_region/kl",))
    yield Case("mini-batches", train(num_mini_batches=3), ("clip_ratio/region_mean",))
    yield Case("epochs", train(num_iterations=5), ("clip_ratio/region_mean",))
    yield Case("one update", train(num_iterations=1))
    yield Case("Adam's settings", train(
        lr_scheduler_type="cosine", warmup_steps=4, min_lr_ratio=0.1, weight_decay=0.1, adam_beta1=0.8,
        adam_beta2=0.95, adam_epsilon=1e-6, max_grad_norm=0.1), ("learning_rate",))
    yield Case("linear decay, no clipping of gradients", train(
        lr_scheduler_type="linear", max_grad_norm=0), ("learning_rate",))


def advantages():
    for scale in ("batch", "none"):
        yield Case(f"group, scaled by {scale}", train(scale_rewards=scale))
    for scale in ("none", "centred"):
        yield Case(f"softmax, {scale}", train(
            advantage="softmax", advantage_scale=scale, advantage_beta=2))
    for name in ("leave-one-out", "normalized-sum", "greedy-baseline", "rank"):
        yield Case(name, train(advantage=name))
    for baseline in ("none", "group-mean"):
        yield Case(f"whitened, {baseline}", train(advantage="whitened", whitened_baseline=baseline))
    yield Case("whitened, discounted", train(advantage="whitened", gamma=0.9))
    for name in ("total-reward", "action-value", "reward-to-go", "baseline", "baseline-inside-sum",
                 "advantage", "td-residual"):
        yield Case(name, train(advantage=name, whiten_advantages=True, token_cost=0.02))
    yield Case("discounts", train(advantage="reward-to-go", gamma=0.9, outer_discount=True))
    for baseline in ("group-mean", "value"):
        yield Case(f"baseline {baseline}", train(advantage="baseline", baseline=baseline))
    yield Case("GAE", train(advantage="advantage", gamma=0.95, lam=0.8), ("value_loss",))
    yield Case("two-step TD", train(advantage="advantage", gamma=0.95, td_steps=2), ("value_loss",))


def objectives():
    for name in ("policy-gradient", "ratio", "sapo", "gmpo", "vespo"):
        yield Case(name, train(surrogate=name))
    yield Case("cispo", train(surrogate="cispo", epsilon_high=1.02), ("cispo_clip_ratio",))
    yield Case("clip on both sides, delta", train(epsilon=0.02, epsilon_high=0.03, delta=1.1),
               ("clip_ratio/low_mean", "clip_ratio/high_mean", "clip_ratio/delta_mean"))
    yield Case("dual clip", train(epsilon=0.02, dual_clip=1.1), ("clip_ratio/dual_mean",))
    for level in ("sequence", "sequence-product"):
        yield Case(f"ratio by {level}", train(importance_sampling_level=level, epsilon=0.05),
                   ("clip_ratio/region_mean",))
    for mean in ("token-mean", "constant-length", "sequence-sum", "sum"):
        yield Case(mean, train(aggregation=mean))
    yield Case("off-policy mask", train(off_policy_mask_threshold=0.01, num_iterations=4),
               ("off_policy_masked_tokens",))
    yield Case("top entropy", train(top_entropy_quantile=0.3), ("entropy_masked_tokens",))
    yield Case("entropy bonus", train(entropy_coef=0.1), ("entropy",))


def divergences():
    both = {"policy-to-reference": ("beta", "kl_"), "reference-to-policy": ("beta", "kl_"),
            "old-to-policy": ("old_kl_coef", "old_kl_"), "policy-to-old": ("old_kl_coef", "old_kl_")}
    for (direction, (weight, prefix)), estimator in itertools.product(
            both.items(), ("k1", "k2", "k3", "exact")):
        yield Case(f"{direction}, {estimator}", train(**{
            weight: 0.5, prefix + "direction": direction, prefix + "estimator": estimator}),
            ("kl" if weight == "beta" else "kl_old",))
    for rule, (weight, prefix) in itertools.product(
            ("adaptive", "ziegler"), (("beta", "kl_"), ("old_kl_coef", "old_kl_"))):
        horizon = {prefix + "horizon": 50} if rule == "ziegler" else {}
        yield Case(f"{prefix}controller {rule}", train(**{
            weight: 0.1, prefix + "controller": rule, prefix + "target": 0.002} | horizon),
            ("kl_coef" if weight == "beta" else "kl_old_coef",))
    yield Case("weighted by the ratio", train(beta=0.1, use_bias_correction_kl=True))
    for estimator in ("k1", "k3"):
        yield Case(f"straight through, {estimator}", train(
            beta=0.1, kl_straight_through=True, kl_estimator=estimator))
    yield Case("both, exact", train(
        beta=0.1, kl_estimator="exact", old_kl_coef=0.5, old_kl_estimator="exact"))


def references():
    yield Case("reset", train(beta=0.1), ("reference_resets", "kl"))
    fixed = train(beta=0.1, outer_iterations=1, steps_per_iteration=20)
    yield Case("fixed", fixed | train(reference="fixed"), ("kl",))
    yield Case("mix", fixed | train(reference="mix", ref_model_sync_steps=4, ref_model_mixup_alpha=0.5),
               ("kl", "reference_resets"))
    yield Case("KL in the reward", train(reward_kl_coef=0.1), ("kl_in_reward",))


def values():
    for trunk, target, clip in itertools.product(
            ("own", "policy"), ("rewards-to-go", "lambda-returns"), ("null", 0.02)):
        yield Case(f"{trunk}, {target}, clip {clip}", train(algorithm="ppo-clip") | {
            "train.value.model": trunk, "train.value.target": target, "train.value.clip": clip},
            ("value_loss",) + (("value_clip_ratio",) if clip != "null" else ()))
    yield Case("weight", train(algorithm="ppo-clip") | {
        "train.value.model": "policy", "train.value.coefficient": 2}, ("value_loss",))
    yield Case("epochs", train(algorithm="ppo-clip") | {"train.value.epochs": 1}, ("value_loss",))


def sampling():
    yield Case("temperature", train(temperature=1.3))
    yield Case("top-k", train(top_k=4))
    yield Case("top-p", train(top_p=0.8))
    yield Case("min-p", train(min_p=0.1))
    yield Case("all filters", train(top_k=8, top_p=0.9, min_p=0.02, temperature=0.8))
    yield Case("stop texts", train(stop="['11', '2']"), ("completions/mean_terminated_length",))
    yield Case("scoring parts", train(scoring_parts=2))
    yield Case("no memory for activations", train(activation_memory_megabytes=0))
    yield Case("token ids", train(log_completion_ids=True))
    dynamic = train(dynamic_sampling_rounds=2) | {"rewards": "[exact_match]"}
    yield Case("dynamic", dynamic, ("dynamic_sampling/replaced", "dynamic_sampling/left_out"))
    yield Case("dynamic, in parts", dynamic | train(scoring_parts=2), ("dynamic_sampling/replaced",))
    yield Case("truncated masked", train(mask_truncated_completions=True, max_completion_length=3),
               ("completions/clipped_ratio",))
    yield Case("overlong penalty", train(overlong_penalty=1, overlong_buffer=2))
    yield Case("cost of tokens", train(token_cost=0.05))


def stages():
    yield Case("warm start until an accuracy", {
        "warm_start.until_accuracy": 0.05, "warm_start.examples": 100}, recipe=NEW)
    yield Case("warm start, Adam's settings", {
        "warm_start.lr_scheduler_type": "cosine", "warm_start.min_lr_ratio": 0.1,
        "warm_start.weight_decay": 0.1, "warm_start.steps": 60, "warm_start.answer": "' {answer}'"}, recipe=NEW)
    yield Case("evaluation", {
        "data.test": "TOP/data/arithmetic/addition-test.jsonl", "evaluation.every": 4,
        "evaluation.questions": 40, "evaluation.samples": 2}, ("eval/accuracy",))
    full = train(algorithm="ppo-adaptive-kl", beta=0.1, dynamic_sampling_rounds=0, entropy_coef=0.01)
    yield Case("gone on with", full, ends_at=7)
    yield Case("gone on with, at a reset", train(beta=0.1), ends_at=10)
    yield Case("interrupted", full | train(questions_per_step=32, num_generations=8), interrupted=True)


def rewards():
    learned = {"reward_model.labeller": "exact_match", "reward_model.questions": 32,
               "reward_model.steps": 10, "reward_model.batch_size": 16}
    yield Case("reward model", learned | train(outer_iterations=4, steps_per_iteration=5),
               ("reward_model/loss", "rewards/reward_model/mean"))
    yield Case("reward model that stands still", learned | {"reward_model.continuous": False},
               ("rewards/reward_model/mean",))
    yield Case("reward model, gone on with", learned | train(outer_iterations=4, steps_per_iteration=5),
               ("reward_model/loss",), ends_at=12)
    small = {"model.hidden_size": 32, "model.num_hidden_layers": 2, "model.num_attention_heads": 2,
             "model.num_key_value_heads": 1, "model.intermediate_size": 64, "warm_start.steps": 400,
             "warm_start.until_accuracy": "null", "train.steps": 20, "train.questions_per_step": 8,
             "train.temperature": 0.7, "evaluation.questions": 8,
             "evaluation.every": 20, "evaluation.samples": 1, "evaluation.k": "[1]"}
    yield Case("steps", small, ("rewards/step_match/mean",), "recipes/chain-sum.yaml")
    yield Case("steps of a program", small | {
        "rewards": "[{ name: numeric_match, extract: last_number }, { command: [TOP/Examples/steps.py] }]"},
        ("rewards/steps/mean",), "recipes/chain-sum.yaml")
    yield Case("steps, weights to go", small | {
        "train.algorithm": "reinforce-baseline"}, ("rewards/step_match/mean",), "recipes/chain-sum.yaml")
    yield Case("reward model of people's comparisons", {
        "reward_model.preferences": "PAIRS", "reward_model.questions": 16, "reward_model.steps": 10,
        "reward_model.batch_size": 16}, ("reward_model/loss", "rewards/reward_model/mean"))
    yield Case("reward model of its own", {"rewards": "[exact_match, { model: JUDGE }]"},
               ("rewards/judge/mean",))
    yield Case("built in", {"rewards": "[exact_match, numeric_match, { name: contains, weight: 0.5 }, "
                                       "repetition_penalty, { name: regex, pattern: '1+' }]"})


def commands():
    model = ("--model", "START/warm-start/model", "--recipe", "RECIPE")
    yield Case("sample", command=("sample", *model, "--samples", "3", "--json", "--input",
                                  "TOP/data/arithmetic/subtraction-test.jsonl"))
    yield Case("sample greedily", command=("sample", *model, "--temperature", "0", "--json", "--input",
                                           "TOP/data/arithmetic/subtraction-test.jsonl"))
    questions = ("--data", "TOP/data/arithmetic/subtraction-test.jsonl")
    yield Case("evaluate", command=("evaluate", *model, *questions, "--samples", "4", "--k", "1,4", "--json"))
    yield Case("evaluate, answers", command=("evaluate", *model, *questions, "--output", "-"))
