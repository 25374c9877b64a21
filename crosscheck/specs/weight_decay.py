"""Weight decay and L2 regularisation (article 002), which are the same for plain SGD only.

L2 adds lambda w to the gradient; decoupled decay takes a share of w away beside the step. Libraries
multiply that share by the learning rate, so their lambda is the paper's divided by it.
"""

from crosscheck.optimizers import SGD, Adam
from crosscheck.parameters import batch_norm, conv2d, dense, prelu
from crosscheck.technique import Technique, Update

# One of each kind of parameter: only kernels decay.
TENSORS = {
    name: parameter
    for name, parameter in (
        conv2d("conv", (3, 2), 4, 5) | batch_norm("bn", 5) | prelu("act", (1, 1, 5)) | dense("fc", 7, 6)
    ).items()
    if parameter.trainable
}
NET = ("prelu", "small")


TECHNIQUE = Technique(
    name="weight_decay",
    title="Weight decay and L2 regularisation for SGD, SGD with momentum, and Adam",
    article="002",
    source="Article 002; I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101",
    formula="L2: g <- g + lambda w. Decoupled: w <- w - learning rate x decay x w. "
    "Adam: w <- w - learning rate m' / (sqrt(v') + epsilon)",
    errata=(
        "'v = 0.9 v - lr (0.0005 w + g)' is given as weight decay, in contrast to 'w - lr (2 lambda w + g)' "
        "as L2. Both are L2, the first with momentum and 2 lambda = 0.0005. Decoupled decay would be "
        "v = 0.9 v - lr g, w = w + v - lr lambda w.",
        "'The paper states that weight decay works best with Adam': it states that for Adam L2 and weight "
        "decay are not the same and decay is better, and that decay is equally effective in SGD and Adam.",
    ),
    cases=(
        Update("sgd", SGD(0.05), TENSORS),
        Update("sgd_l2", SGD(0.05, l2=0.02), TENSORS),
        Update("sgd_decay", SGD(0.05, weight_decay=0.02), TENSORS),
        Update("momentum_l2", SGD(0.05, l2=0.02, momentum=0.9), TENSORS, NET),
        Update("momentum_decay", SGD(0.05, weight_decay=0.02, momentum=0.9), TENSORS),
        Update("nesterov_l2", SGD(0.05, l2=0.02, momentum=0.9, nesterov=True), TENSORS),
        Update("sgd_both", SGD(0.05, l2=0.2, weight_decay=0.4), TENSORS),
        Update("adam", Adam(0.01), TENSORS),
        Update("adam_l2", Adam(0.01, l2=0.02), TENSORS),
        Update("adamw", Adam(0.01, weight_decay=0.02), TENSORS, NET),
        Update("adam_epsilon", Adam(0.01, epsilon=0.1), TENSORS),
        Update("adam_no_momentum", Adam(0.01, beta_1=0.0), TENSORS),
        Update("adam_last_square", Adam(0.01, beta_2=0.0), TENSORS),
        Update("adam_sign", Adam(0.01, beta_1=0.0, beta_2=0.0), TENSORS),
    ),
    mirror_exceptions={
        "L2": "PyTorch's optimizers have L2 of their own, by the name of weight_decay.",
        "SGDW": "PyTorch has no SGD with decoupled decay; in Keras it is the native kind.",
        "SGD": "Keras' SGD has no L2, and keeps the learning rate in its momentum.",
        "Adam": "Keras' Adam has no L2, and another epsilon; PyTorch's is the paper's.",
        "options": "What Keras' two optimizers are both told; PyTorch's are told by their groups.",
    },
)
