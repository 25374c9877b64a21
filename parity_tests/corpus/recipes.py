"""Recipes of training: right ports, and ports with one mistake each."""

import re
from dataclasses import dataclass
from functools import cache

from .entries import FOLDER

INPUT = {"cnn": "8x3x12x10", "mlp": "6x11", "binary": "10x9", "text": "7x13:int64:0..22"}
TARGET = {
    "cnn": "8:int64:0..6",
    "mlp": "6x2",
    "binary": str(FOLDER / "recipes_binary.npz"),
    "text": "7:int64:0..4",
}
SPECIAL = {"text_kl": "7x5", "text_kl_plain": "7x5"}


@cache
def sources(side: str) -> dict[str, str]:
    """The recipes of a side, as `file.py:function`, by the names of their functions."""
    found = {}
    for file in sorted(FOLDER.glob(f"recipes_*_{side}.py")):
        for name in re.findall(r"^def (\w+)\(\)", file.read_text(), re.MULTILINE):
            found[name] = f"{file}:{name}"
    return found


@dataclass(frozen=True)
class Recipe:
    """A recipe in PyTorch and a port of it; `cause` is empty for a right one."""

    torch: str
    keras: str
    cause: tuple[str, ...] = ()
    steps: int = 6

    @property
    def input(self) -> str:
        """As PyTorch sees it."""
        return INPUT[self.torch.partition("_")[0]]

    @property
    def target(self) -> str:
        """As PyTorch's loss sees it."""
        return SPECIAL.get(self.torch, TARGET[self.torch.partition("_")[0]])


def right(*names: str) -> tuple[Recipe, ...]:
    """The same name on both sides."""
    return tuple(Recipe(name, name) for name in names)


def planted(port: str, cause: str, steps: int = 6) -> Recipe:
    """`recipe__mistake` and acceptable identifiers."""
    return Recipe(port.partition("__")[0], port, tuple(cause.split(", ")), steps)


CORRECT = (
    *right(
        "cnn_sgd",
        "cnn_momentum",
        "cnn_nesterov",
        "cnn_kernels",
        "cnn_adamw",
        "cnn_steps",
        "cnn_milestones",
        "cnn_cosine",
        "cnn_onecycle",
        "cnn_clipped",
        "cnn_smoothed",
        "cnn_weighted",
        "cnn_sum",
        "cnn_nll",
        "cnn_finetuned",
        "cnn_lion",
        "mlp_sgd",
        "mlp_textbook",
        "mlp_penalty",
        "mlp_half",
        "mlp_l1",
        "mlp_smooth_l1",
        "mlp_huber",
        "mlp_adam",
        "mlp_adam_small",
        "mlp_adam_l2",
        "mlp_adamw",
        "mlp_rmsprop",
        "mlp_rmsprop_tf",
        "mlp_adagrad",
        "mlp_adamax",
        "mlp_nadam",
        "mlp_adadelta",
        "mlp_exponential",
        "mlp_polynomial",
        "mlp_detached",
        "binary_logits",
        "binary_sigmoid",
        "binary_pos_weight",
        "binary_sum",
        "binary_adamw",
        "text_sgd",
        "text_plain",
        "text_adam",
        "text_warmup",
        "text_frozen",
        "text_kl",
    ),
    Recipe("mlp_adam", "mlp_adam_cast"),
    # Keras on TensorFlow finds the logits behind the sigmoid, warns and uses them.
    Recipe("binary_sigmoid", "binary_sigmoid__from_logits"),
)

# Right as far as Keras' own settings go: only what no setting changes may be called different.
FRAMEWORKS = (planted("cnn_adam", "adam.epsilon_placement"), planted("cnn_amsgrad", "adam.epsilon_placement"))

MISTAKES = (
    planted("cnn_sgd__default_rate", "optimizer.learning_rate"),
    planted("cnn_sgd__mean_of_images", "norm.momentum"),
    planted("cnn_sgd__torch_norm_momentum", "norm.momentum"),
    planted("cnn_sgd__no_logits", "loss.from_logits"),
    planted("cnn_sgd__adam", "optimizer.kind"),
    planted("cnn_sgd__smoothed", "loss.label_smoothing"),
    planted("cnn_sgd__sum", "loss.reduction"),
    planted("cnn_momentum__forgotten", "sgd.momentum"),
    planted("cnn_momentum__large", "sgd.momentum"),
    planted("cnn_momentum__nesterov", "sgd.nesterov"),
    planted("cnn_momentum__trained_norm_frozen", "norm.mode, parameter.frozen"),
    Recipe("cnn_dampened", "cnn_momentum", ("sgd.momentum",)),
    planted("cnn_nesterov__decoupled", "decay.coupling"),
    planted("cnn_nesterov__factor", "l2.factor, decay.rate"),
    planted("cnn_nesterov__kernels", "decay.targets"),
    planted("cnn_kernels__skipped", "decay.targets"),
    planted("cnn_kernels__all", "decay.targets"),
    planted("cnn_kernels__forgotten", "decay.rate, decay.targets"),
    planted("cnn_kernels__factor", "l2.factor, decay.rate"),
    planted("cnn_adamw__biases_only", "decay.targets"),
    planted("cnn_adamw__everything", "decay.targets"),
    planted("cnn_adam__default_betas", "adam.betas"),
    planted("cnn_adam__beta_2", "adam.betas"),
    planted("cnn_adam__nadam", "optimizer.kind"),
    planted("cnn_amsgrad__forgotten", "adam.amsgrad"),
    planted("cnn_steps__smooth", "schedule.kind"),
    planted("cnn_steps__boundaries", "schedule.offset"),
    planted("cnn_steps__constant", "schedule.kind"),
    planted("cnn_steps__halved", "schedule.kind"),
    planted("cnn_milestones__rate_inside", "sgd.momentum_schedule"),
    planted("cnn_cosine__alpha", "schedule.kind"),
    planted("cnn_cosine__shorter", "schedule.kind"),
    planted("cnn_cosine__restarts", "schedule.kind"),
    planted("cnn_onecycle__div", "schedule.kind, optimizer.learning_rate"),
    planted("cnn_onecycle_momentum__constant", "sgd.momentum"),
    planted("cnn_clipped__each", "clipping.kind"),
    planted("cnn_clipped__value", "clipping.kind"),
    planted("cnn_clipped__forgotten", "clipping.kind, clipping.limit"),
    planted("cnn_clipped__limit", "clipping.limit"),
    planted("cnn_smoothed__forgotten", "loss.label_smoothing"),
    planted("cnn_smoothed__over_others", "loss.label_smoothing"),
    planted("cnn_weighted__over_examples", "loss.reduction"),
    planted("cnn_weighted__forgotten", "loss.reduction, loss.kind"),
    planted("cnn_sum__mean", "loss.reduction"),
    planted("cnn_logits_of_softmax__once", "loss.from_logits"),
    planted("cnn_finetuned__norm", "norm.mode"),
    planted("cnn_finetuned__norm_trained", "parameter.frozen"),
    planted("cnn_two_rates__one", "optimizer.learning_rate"),
    planted("cnn_lion__betas", "adam.betas, optimizer.kind"),
    planted("mlp_sgd__mae", "loss.kind"),
    planted("mlp_sgd__sum", "loss.reduction"),
    planted("mlp_sgd__layer_frozen", "parameter.frozen"),
    planted("mlp_penalty__kernels", "decay.targets"),
    planted("mlp_half__mean_of_outputs", "loss.reduction"),
    planted("mlp_l1__norm", "clipping.kind"),
    planted("mlp_smooth_l1__huber", "loss.kind, loss.reduction"),
    planted("mlp_huber__default", "loss.kind"),
    planted("mlp_adam__default_epsilon", "adam.epsilon"),
    planted("mlp_adam_small__place", "adam.epsilon_placement"),
    planted("mlp_adam_small__epsilon", "adam.epsilon"),
    planted("mlp_adam_l2__decoupled", "decay.coupling"),
    planted("mlp_adamw__default_decay", "decay.rate"),
    planted("mlp_adamw__rate_outside", "decay.rate"),
    planted("mlp_rmsprop__default_rho", "optimizer.kind"),
    planted("mlp_rmsprop_centered__forgotten", "optimizer.kind"),
    planted("mlp_rmsprop_tf__momentum", "optimizer.kind, sgd.momentum"),
    planted("mlp_adagrad_plain__accumulator", "optimizer.kind"),
    planted("mlp_adamax__default_rate", "optimizer.learning_rate"),
    planted("mlp_nadam_plain__momentum_decay", "optimizer.kind"),
    planted("mlp_adadelta__default_rate", "optimizer.learning_rate"),
    planted("mlp_adadelta__default_rho", "optimizer.kind"),
    planted("mlp_exponential__inverse", "schedule.kind"),
    planted("mlp_exponential__ahead", "schedule.offset, optimizer.learning_rate"),
    planted("mlp_polynomial__end", "schedule.kind"),
    planted("mlp_detached__flows", "gradient.stopped, loss.kind"),
    planted("binary_logits__no_logits", "loss.from_logits"),
    planted("binary_logits__smoothed", "loss.label_smoothing"),
    planted("binary_logits__focal", "loss.kind"),
    planted("binary_logits__hinge", "loss.kind"),
    planted("binary_pos_weight__forgotten", "loss.kind, loss.reduction"),
    planted("binary_adamw__layernorm", "decay.targets"),
    planted("text_sgd__rows", "embedding.repeated_rows"),
    planted("text_adam__rows", "embedding.repeated_rows"),
    planted("text_warmup__from_zero", "schedule.offset, schedule.kind"),
    planted("text_warmup__shorter", "schedule.kind"),
    planted("text_warmup__no_decay", "decay.rate"),
    planted("text_frozen__trained", "parameter.frozen"),
    planted("text_kl__reversed", "loss.kind"),
    planted("text_kl_plain__batchmean", "loss.reduction"),
)
# Written after the tool had been tried on the others.
SECOND = (
    planted("binary_sigmoid__functional", "loss.from_logits"),
    planted("cnn_onecycle_momentum__plain", "sgd.momentum, sgd.momentum_schedule"),
    planted("mlp_exponential__ahead_float32", "schedule.offset, optimizer.learning_rate"),
    planted("cnn_steps__epochs", "schedule.kind", 12),
    planted("cnn_cosine__restarts_of_two", "schedule.kind"),
)
