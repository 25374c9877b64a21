"""What Keras' stretch is seen to do otherwise than PyTorch's; each is to be tried, and none is a finding."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from crosscheck.ports import identifiers
from crosscheck.ports.divergence import Parted
from crosscheck.ports.identifiers import SHAPING, shown
from crosscheck.ports.program import Node

# What only training depends on, or only Keras knows.
TRAINING = ("momentum", "unbiased", "rate", "inplace", "sequences", "training", "padding_idx")
# Names for the same thing that either side has.
SAME = {"global_avg_pool": "mean", "global_max_pool": "max", "truncatediv": "divide"}
Change = tuple[str, dict[str, Any]]
OwnTensors = Callable[[Node], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Hypothesis:
    """One thing that Keras may do otherwise.

    Attributes:
        identifier: of `causes`, such as "norm.epsilon".
        text: what Keras does instead of what.
        step: of PyTorch's stretch.
        change: what is done there instead; None if it stays.
        before: what is done to its first input before.
        forced: tensors that are something else whatever the stretch makes of them, by number.
        without: steps that are left out, since what they do is in the change.
        only: the settings that the change is about, where others may change besides; all if empty.
        about: further steps of PyTorch's that it is about.
        last: nothing of PyTorch's computes with what is forced, so that the end agrees whatever it is.
    """

    identifier: str
    text: str
    step: int
    change: Change | None = None
    before: Change | None = None
    forced: dict[int, np.ndarray] = field(default_factory=dict)
    without: tuple[int, ...] = ()
    only: tuple[str, ...] = ()
    about: tuple[int, ...] = ()
    last: bool = False


@dataclass(frozen=True)
class Scene:
    """What hypotheses are made from.

    Attributes:
        parted: the place, and what is apart there.
        at_input: whether the stretch begins at an input of the model.
        own_tensors: of a layer of Keras', by role, as PyTorch would have them.
        before: kinds of the steps whose tensors PyTorch's stretch begins with.
        lone: tensors that only PyTorch's model holds.
    """

    parted: Parted
    at_input: bool
    own_tensors: OwnTensors
    before: frozenset[str] = frozenset()
    lone: frozenset[str] = frozenset()


def visible(scene: Scene) -> Iterator[Hypothesis]:
    """Everything in which the two stretches are seen to differ."""
    place = scene.parted.place
    pair = place.pair
    torch_glue, keras_glue = _compared(place.torch.glue()), _compared(place.keras.glue())
    if pair:
        yield from _layer(scene, keras_glue)
    keras_glue = [node for node in keras_glue if not is_padding_of(node, pair.keras if pair else None)]
    torch_glue = [node for node in torch_glue if not is_padding_of(node, pair.torch if pair else None)]
    yield from _glue(scene, torch_glue, keras_glue)


def _compared(glue: list[Node]) -> list[Node]:
    return [node for node in glue if node.kind not in SHAPING]


def _layer(scene: Scene, keras_glue: list[Node]) -> Iterator[Hypothesis]:
    pair = scene.parted.place.pair
    assert pair is not None
    glue = scene.parted.place.torch.glue()
    torch, keras = pair.torch, pair.keras
    pads = tuple(node.step for node in glue if is_padding_of(node, torch))
    if pair.mismatch:
        keras = whole(keras, keras_glue)
        text = f"keras' {keras.path} holds {_held(keras)}, torch's {torch.path} holds {_held(torch)}"
        change = keras.kind, keras.settings | {"held": scene.own_tensors(keras)}
        if keras.kind == "layer_norm" and len(scene.parted.place.torch.begins) == 1:
            change = keras.kind, change[1] | {"axes": "channels"}
        yield Hypothesis(pair.mismatch, text, torch.step, change, without=pads)
        if keras.kind in identifiers.NORMS:  # of an input whose channels are last
            yield Hypothesis(pair.mismatch, text, torch.step, (keras.kind, change[1] | {"last": True}))
        if keras.kind == "layer_norm":
            yield Hypothesis(pair.mismatch, text, torch.step, (keras.kind, change[1] | {"axes": 1}))
        return
    for hypothesis in _settings(whole(torch, glue), whole(keras, keras_glue), scene):
        yield replace(hypothesis, without=pads)
    lone = pair.alone()
    missing = tuple(role for role, side in lone.items() if side == "torch")
    if missing:
        change = torch.kind, torch.settings | {"without": missing}
        name = "layer.bias_missing" if all(map(_is_bias, missing)) else "layer.missing"
        text = f"keras has no {', '.join(missing)} there"
        yield Hypothesis(name, text, torch.step, change, only=("without",))
    extra = tuple(role for role, side in lone.items() if side == "keras")
    if extra:
        change = torch.kind, torch.settings | {"held": scene.own_tensors(keras)}
        name = "layer.bias_extra" if all(map(_is_bias, extra)) else "layer.extra"
        text = f"only keras has {', '.join(extra)} there"
        yield Hypothesis(name, text, torch.step, change, only=("held",))


def _is_bias(role: str) -> bool:
    return "bias" in role or role == "beta"


def _held(node: Node) -> str:
    return ", ".join(f"{role} {tensor.shape}" for role, tensor in node.held.items())


def _settings(torch: Node, keras: Node, scene: Scene) -> Iterator[Hypothesis]:
    place = scene.parted.place
    found = list[Hypothesis]()
    for name, value in torch.settings.items():
        other = keras.settings.get(name, value)
        if name in TRAINING or _equal(other, value):
            continue
        text = f"{name} is {shown(other)} in keras and {shown(value)} in torch"
        around = place.torch.nodes
        identifier = identifiers.of_setting(torch.kind, name, around, scene.at_input)
        if name in ("axis", "dim") and identifier == "glue.axis":
            continue  # axes are counted otherwise there: every one is tried
        changed = torch.settings | {name: other}
        if name == "reset_after":  # Keras has one bias then
            changed["without"] = tuple(role for role in torch.held if role.startswith("recurrent_bias"))
        only = (name, *(("without",) if "without" in changed else ()))
        found.append(Hypothesis(identifier, text, torch.step, (torch.kind, changed), only=only))
    yield from found
    if len(found) > 1 and len({hypothesis.identifier for hypothesis in found}) == 1:  # as both bounds
        text = "; ".join(hypothesis.text for hypothesis in found)
        both = {n: h.change[1][n] for h in found if h.change for n in h.only}
        change = torch.kind, torch.settings | both
        yield replace(found[0], text=text, change=change, only=tuple(both))


def _equal(first: Any, second: Any) -> bool:
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return list(first) == list(second)
    if isinstance(first, float) and isinstance(second, float):
        return bool(np.float32(first) == np.float32(second))  # Keras keeps some numbers in float32
    return bool(first == second)


def _glue(scene: Scene, torch: list[Node], keras: list[Node]) -> Iterator[Hypothesis]:
    """The differences between two sequences of functions."""
    steps = scene.parted.place.torch.nodes
    one_side, other_side = ([SAME.get(node.kind, node.kind) for node in nodes] for nodes in (torch, keras))
    for tag, a, b, c, d in SequenceMatcher(None, one_side, other_side, autojunk=False).get_opcodes():
        if tag == "equal":
            for one, two in zip(torch[a:b], keras[c:d], strict=True):
                yield from _settings(one, two, scene)
            continue
        same = min(b - a, d - c)
        for one, two in zip(torch[a : a + same], keras[c : c + same], strict=True):
            text = f"keras does {two.kind} where torch does {one.kind}"
            name = identifiers.of_kind(one.kind, two.kind)
            if {one.kind, two.kind} <= {"multiply", "divide", "rescale"}:
                name = identifiers.of_constant(scene.parted.place.torch.nodes, scene.at_input)
            yield Hypothesis(name, text, one.step, (two.kind, with_held(two, scene)))
        # Where one has several in place of another, which of them is too many is tried.
        for one in torch[a:b] if b - a > same else ():
            name = identifiers.of_missing(one, keras, scene.at_input)
            if name == "residual.missing" and _with_constant(one, scene):
                name = "glue.missing"
            lone = _lone(one, scene) if name == "residual.missing" else None
            if lone is not None:
                bias = lone.kind == "parameter" and "bias" in lone.path
                name = "layer.bias_missing" if bias else "layer.missing"
            about = () if lone is None else (lone.step,)
            for way in ("first", "second")[: len(one.inputs)] or ("first",):
                text = f"keras has no {_what(one if lone is None else lone)} there"
                yield Hypothesis(name, text, one.step, (way, {}), about=about)
        # What only Keras does is tried before what follows.
        following = [*torch[b:], *(n for n in steps[::-1] if n.step >= 0)][:1]
        for two in keras[c:d] if d - c > same else ():
            name = identifiers.of_extra(two, keras if name_twice(two, keras) else torch, scene.at_input)
            text = f"keras does {_what(two)} besides"
            for node in following:
                yield Hypothesis(name, text, node.step, before=(two.kind, with_held(two, scene)))
            if steps and not torch[b:]:  # or behind everything
                last = max(n.step for n in steps)
                yield Hypothesis(
                    name, text, last, change=("then", {"kind": two.kind, **with_held(two, scene)})
                )


def _with_constant(node: Node, scene: Scene) -> bool:
    """Whether one of two operands comes from no input and from no parameter."""
    stretch = scene.parted.place.torch
    flowing = set(stretch.begins)
    for other in stretch.nodes:
        if flowing & set(other.inputs) or other.kind == "parameter":
            flowing |= set(other.outputs)
    return not set(node.inputs) <= flowing


def _lone(node: Node, scene: Scene) -> Node | None:
    """The layer that only PyTorch has, if it is what that gives that is added, and no shortcut."""
    place = scene.parted.place
    makers = {number: other for other in place.torch.nodes for number in other.outputs}
    for number in node.inputs:
        while number in makers and makers[number].kind in SHAPING:
            number = makers[number].inputs[0]
        if number in makers and {str(tensor) for tensor in makers[number].held.values()} & scene.lone:
            return makers[number]
    return None


def name_twice(node: Node, glue: list[Node]) -> bool:
    """Whether Keras does this more than once."""
    return sum(other.kind == node.kind for other in glue) > 1


def _what(node: Node) -> str:
    return f"{node.path} ({node.kind})" if node.held else node.kind


def with_held(node: Node, scene: Scene) -> dict[str, Any]:
    """The settings of a step of Keras', with its own tensors if it has some."""
    return node.settings | ({"held": scene.own_tensors(node)} if node.held else {})


def is_padding_of(node: Node, layer: Node | None) -> bool:
    """Whether a step does nothing but pad a layer's input, or crop what a transposed convolution gives."""
    if layer is None:
        return False
    pads = node.kind == "pad" and bool(set(node.outputs) & set(layer.inputs))
    return pads or (node.kind == "crop" and bool(set(node.inputs) & set(layer.outputs)))


def whole(layer: Node, glue: list[Node]) -> Node:
    """The layer with the padding before it, or the cropping behind it, counted as its own."""
    for node in (node for node in glue if is_padding_of(node, layer)):
        settings = layer.settings
        if node.kind == "crop" and "padding" in settings and set(settings.get("strides", ())) == {1}:
            both = zip(settings["padding"], node.settings["crop"], strict=False)
            settings = settings | {"padding": tuple((a[0] - b[0], a[1] - b[1]) for a, b in both)}
        for name in ("padding", "crop"):
            if name in layer.settings and name in node.settings:
                both = zip(settings[name], node.settings[name], strict=False)
                settings = settings | {name: tuple((a[0] + b[0], a[1] + b[1]) for a, b in both)}
        mode = node.settings.get("padding_mode", "zeros")
        layer = replace(layer, settings=settings | ({"padding_mode": mode} if mode != "zeros" else {}))
    return layer
