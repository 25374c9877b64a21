"""Large batches (article 003): linear scaling of the learning rate, with a gradual warmup.

k times the batch size, k times the learning rate; over the first steps it rises evenly from what it
would have been without scaling. Momentum must not contain the learning rate, or be corrected.
"""

from dataclasses import replace

from crosscheck.optimizers import SGD, Adam
from crosscheck.specs.weight_decay import NET, TENSORS
from crosscheck.technique import Technique, Update

WARMUP = SGD(0.05, momentum=0.9, warmup_start=0.0125, warmup_steps=5)

TECHNIQUE = Technique(
    name="lr_scaling",
    title="Linear scaling of the learning rate for large batches, with gradual warmup",
    article="003",
    source="Article 003; P. Goyal et al., Accurate, Large Minibatch SGD, arXiv 1706.02677",
    formula="rate(t) = start + (k base - start) min(t / T, 1), divided by 10 at each milestone; "
    "m <- momentum m + g, w <- w - rate(t) m",
    errata=(
        "The rule is quoted rightly, but not the warmup, without which batch 8,192 loses 1.2 points, nor "
        "the paper's other conditions (gamma = 0 in the last batch norm of a block, momentum correction).",
        "'8K' is the limit: from 16,384 on, accuracy falls.",
        "The rule is for SGD; nothing in the paper is about Adam.",
    ),
    cases=(
        Update("warmup", WARMUP, TENSORS, NET),
        Update("warmup_from_zero", replace(WARMUP, warmup_start=0.0), TENSORS),
        Update("nesterov", replace(WARMUP, nesterov=True, l2=0.0001), TENSORS),
        Update("milestones", replace(WARMUP, milestones=(7, 9)), TENSORS),
        # As DenseNet's paper has it: no warmup.
        Update(
            "milestones_alone", SGD(0.1, l2=0.02, momentum=0.9, nesterov=True, milestones=(3, 7)), TENSORS
        ),
        # Decoupled decay follows the rate of the step.
        Update("decay", replace(WARMUP, weight_decay=0.2, milestones=(7,)), TENSORS),
        Update(
            "adam", Adam(0.01, weight_decay=0.2, warmup_start=0.001, warmup_steps=4, milestones=(7,)), TENSORS
        ),
    ),
    mirror_exceptions={
        "corrected_momentum": "PyTorch's momentum does not contain the learning rate: nothing to correct.",
        "WarmupSchedule": "PyTorch's schedules hold their optimizer; Keras' optimizers hold their schedule.",
    },
)
