"""What a framework's process did before must not change what it does next."""

from crosscheck.optimizers import SGD
from crosscheck.sides import Sides
from crosscheck.technique import techniques
from crosscheck.verification.rows import failures
from crosscheck.verification.trajectory import Course
from crosscheck.verification.verify import verify


def test_clipping_is_done_once_though_a_plain_sgd_was_made_before(sides: Sides, course: Course) -> None:
    # PyTorch wraps a class's `step` when the first of that class is made: a `step` that calls its
    # base's would from now on run its hooks twice.
    sides.torch.call("torch_impl.techniques.lr_scaling:rates", SGD(0.5), 2)
    rows = list(verify([techniques()["gradient_clipping"]], sides, ["float64"], course, ["global"]))
    assert not failures(rows)


def test_a_kept_model_trains_in_its_own_precision(sides: Sides, course: Course) -> None:
    # Keras' precision is a global setting, and not the model's alone.
    subject = techniques()["gradient_clipping"]
    assert not failures(list(verify([subject], sides, ["float64"], course, ["global"])))
    sides.keras.call("keras_impl.costs:staged_net_seconds", [], course.dataset.train.images[:1], 0)
    assert not failures(list(verify([subject], sides, ["float64"], course, ["global"])))
