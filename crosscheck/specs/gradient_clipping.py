"""Gradient clipping (article 004): the gradient of all parameters, shortened to a given norm."""

from crosscheck.optimizers import SGD, Adam
from crosscheck.specs.weight_decay import NET, TENSORS
from crosscheck.technique import Technique, Update

TECHNIQUE = Technique(
    name="gradient_clipping",
    title="Gradient clipping by global norm, and by the norm of each variable",
    article="004",
    source="Article 004; R. Pascanu et al., On the difficulty of training RNNs, arXiv 1211.5063",
    formula="g <- g min(1, limit / (|g| + 1e-6)), |g| over all parameters together (or over each by itself)",
    errata=(
        "The limit (1.0) and the norm (of all parameters together) are missing from the article; they are "
        "in its notebook.",
        "'Keeps gradients from exploding' is about clipping; that it 'serves an identical function as "
        "BatchNorm' is not so.",
    ),
    cases=(
        Update("global", SGD(0.05, momentum=0.9, global_norm=0.02), TENSORS, NET),
        Update("global_loose", SGD(0.05, momentum=0.9, global_norm=1e4), TENSORS),
        Update("variable", SGD(0.05, momentum=0.9, variable_norm=0.5), TENSORS),
        # Clipping comes first: L2 is not clipped, whatever the norm.
        Update("global_l2", SGD(0.05, l2=0.02, global_norm=0.5), TENSORS),
        Update("global_adam", Adam(0.001, global_norm=1.0), TENSORS),
        Update("both", SGD(0.05, global_norm=0.5, variable_norm=0.2), TENSORS),
    ),
)
