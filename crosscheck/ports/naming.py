"""What a difference between two segments is called."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from crosscheck.ports import identifiers
from crosscheck.ports.attention_places import centre_of
from crosscheck.ports.hypotheses import SAME, Scene, is_padding_of
from crosscheck.ports.identifiers import SHAPING, group
from crosscheck.ports.parting import Parting
from crosscheck.ports.program import Node
from crosscheck.ports.relations import corrected, relation
from crosscheck.ports.stretches import SILENT

REDUCING = (*identifiers.REDUCING, "global_avg_pool", "global_max_pool")
CLIPPING = ("clip", "relu6")
LONG = 8


@dataclass(frozen=True)
class Segment:
    """Steps of either side between tensors that agree and tensors behind which all agrees.

    Attributes:
        torch: its steps.
        keras: its steps.
        forced: what is put into PyTorch's stretch, by number.
        step: the last of PyTorch's steps.
        first: the first of Keras' steps that makes what PyTorch has not.
    """

    torch: tuple[Node, ...]
    keras: tuple[Node, ...]
    forced: dict[int, np.ndarray]
    step: int
    first: Node | None


def named(segment: Segment, scene: Scene, parting: Parting) -> tuple[str, str]:
    """The identifier of a segment, and what is done there; empty if that is no known mistake."""
    torch, keras = (_counted(nodes) for nodes in (segment.torch, segment.keras))
    does = f"keras does {_said(segment.keras)} where torch does {_said(segment.torch)}"
    said = f"{does}, and all behind agrees"
    pair = scene.parted.place.pair
    if pair and any(
        node.held and node.step in (pair.torch.step, pair.keras.step) for node in (*torch, *keras)
    ):
        return "", said
    kinds = [node.kind for node in torch], [node.kind for node in keras]
    one_each = len(torch) == len(keras) == 1 and kinds[0] == kinds[1]
    if one_each and (told := corrected(parting)):
        return told[0], f"{told[1]} ({does})"
    if not one_each and (told := relation(parting)):
        return told[0], f"{told[1]} ({does})"
    if "softmax" in kinds[0] + kinds[1] and len(torch) > 1 and len(keras) > 1:
        return "", said
    if not torch and not keras:
        if _rearranged(parting):
            return _of_shaping(segment, scene), said
        name = _order(segment, scene) if segment.torch or segment.keras else "glue.constant"
        return relation(parting) or (name, said)
    families = _families(torch), _families(keras)
    if len(families[0]) == len(families[1]) == 1 and families[0] != families[1]:
        return "pooling.kind", said
    if all(sum(group(node.kind) == "pool" for node in nodes) == 1 for nodes in (torch, keras)):
        return _of_pair(torch, keras, scene), said
    resizes = [[node for node in nodes if node.kind == "resize"] for nodes in (torch, keras)]
    if len(resizes[0]) == len(resizes[1]) == 1:  # whatever is cut off behind it
        return _of_pair(resizes[0], resizes[1], scene), said
    if parting.elsewhere and kinds[0][-1:] == kinds[1][-1:]:
        return "glue.operation", f"keras takes another tensor: {does}"
    if not torch and keras:
        return "glue.operation", f"keras goes on with another tensor: {does}"
    if not torch or not keras:
        return _one_sided(torch, keras, scene), said
    if sorted(kinds[0]) == sorted(kinds[1]) and kinds[0] != kinds[1]:
        activations = any(group(kind) == "activation" for kind in kinds[0])
        return ("activation.order" if activations else "glue.order"), said
    if _moved(*kinds):
        return "activation.order", said
    over = _without_common(torch, keras)
    if over != (torch, keras) and (not over[0] or not over[1]) and over[0] + over[1]:
        torch, keras = over
        return _of_pair(torch, keras, scene) if torch and keras else _one_sided(torch, keras, scene), said
    if sorted(kinds[0]) == sorted(kinds[1]) and len(torch) > 1 and not _shapes(segment):
        return "glue.order", f"keras puts the same together in another way: {does}"
    if [(n.kind, n.settings) for n in torch] == [(n.kind, n.settings) for n in keras] and _shapes(segment):
        if _rearranged(parting):
            return _of_shaping(segment, scene), said
        if told := relation(parting):
            return told[0], f"{told[1]} ({does})"
        reads = segment.first is not None and segment.first.kind in SHAPING
        return (_order(segment, scene) if reads else "glue.constant"), said
    name = _of_pair(torch, keras, scene)
    # Of a long stretch replaced as a whole nothing is known but that it differs.
    return "" if name == "glue.operation" and max(len(torch), len(keras)) > LONG else name, said


def _one_sided(torch: list[Node], keras: list[Node], scene: Scene) -> str:
    if keras:
        return identifiers.of_extra(keras[0], keras[1:], scene.at_input)
    return identifiers.of_missing(torch[0], torch[1:], scene.at_input)


def _moved(torch: list[str], keras: list[str]) -> bool:
    """Whether an activation stands at the other end."""
    common = {kind for kind in {*torch} & {*keras} if group(kind) == "activation"}
    several = len(torch) > 1 and len(keras) > 1
    ends = ((torch[0], keras[-1]), (torch[-1], keras[0]))
    return several and torch[0] != keras[0] and any(a == b and a in common for a, b in ends)


def _without_common(torch: list[Node], keras: list[Node]) -> tuple[list[Node], list[Node]]:
    """What only one side does."""
    return _rest(torch, keras), _rest(keras, torch)


def _rest(nodes: list[Node], others: list[Node]) -> list[Node]:
    common = [_same(node) for node in others]
    lone = []
    for node in nodes:
        if _same(node) in common:
            common.remove(_same(node))
        else:
            lone.append(node)
    return lone


def _same(node: Node) -> str:
    return SAME.get(node.kind, node.kind)


def _shapes(segment: Segment) -> bool:
    return any(node.kind in SHAPING for node in (*segment.torch, *segment.keras))


def _order(segment: Segment, scene: Scene) -> str:
    return "channels.order" if scene.at_input and _flips(segment.keras) else "glue.order"


def _rearranged(parting: Parting) -> bool:
    """Whether Keras' numbers are PyTorch's in another order."""
    return np.allclose(np.sort(parting.torch, None), np.sort(parting.keras, None), rtol=1e-6, atol=1e-9)


def _of_shaping(segment: Segment, scene: Scene) -> str:
    """Numbers in another order."""
    place = scene.parted.place
    if any("shuffle" in node.kind for node in segment.torch):
        return "channels.order"
    if _flips(segment.keras) and scene.at_input:
        return "channels.order"
    if any(kind.startswith("depthwise") for kind in scene.before) and place.pair:
        return "depthwise.order"
    if centre_of(place.torch) and segment.torch:
        return "attention.heads"
    flattens = any(node.kind in ("flatten", "reshape", "view") for node in place.torch.glue())
    if place.pair and place.pair.torch.kind == "dense" and flattens:
        return "flatten.order"
    return "axes.swapped"


def _of_pair(torch: list[Node], keras: list[Node], scene: Scene) -> str:
    pools = [[node for node in nodes if group(node.kind) == "pool"] for nodes in (torch, keras)]
    if all(pools):  # what pads for them is theirs
        one, two = pools[0][0], pools[1][0]
        padded = len(keras) > len(pools[1])
        if _family(one.kind) == _family(two.kind) and padded and "avg" in one.kind:
            return "pooling.padding_counted"
        return "pooling.kind" if _family(one.kind) != _family(two.kind) else _pooling(one, two)
    one, two = torch[0], keras[0]
    for a, b in zip(torch, keras, strict=False):
        if (a.kind, a.settings) != (b.kind, b.settings):
            one, two = a, b
            break
    groups = {group(one.kind), group(two.kind)}
    if any(n.kind == "divide" for n in (*torch, *keras)) and {"sum", "mean"} <= {
        n.kind for n in (*torch, *keras)
    }:
        return "glue.operation"  # a mean over other numbers of elements
    if {one.kind, two.kind} <= {*identifiers.POOLS, *REDUCING} and _family(one.kind) != _family(two.kind):
        return "pooling.kind"
    if groups == {"pool"} or ({one.kind, two.kind} <= {*REDUCING} and one.kind != two.kind):
        if "axis" in two.settings and _family(one.kind) == _family(two.kind):
            return "glue.axis"
        return "pooling.kind" if _family(one.kind) != _family(two.kind) else _pooling(one, two)
    if groups == {"resize"}:
        modes = one.settings.get("mode"), two.settings.get("mode")
        return "resize.mode" if modes[0] != modes[1] else "resize.alignment"
    if {one.kind, two.kind} <= {*CLIPPING}:
        return "glue.constant"
    if groups <= {"activation", "clip"}:
        if one.kind != two.kind:
            return "activation.kind"
        settings = {"gelu": "gelu_approximation", "softmax": "softmax_axis", "log_softmax": "softmax_axis"}
        return f"activation.{settings.get(one.kind, 'slope')}"
    if "pad" in (one.kind, two.kind):
        return "conv.padding_mode" if one.settings.get("mode") != two.settings.get("mode") else "conv.padding"
    if one.kind == two.kind and one.kind in ("concatenate", "matmul"):
        return "glue.order"
    if (
        one.kind == two.kind
        and one.kind in ("subtract", "divide")
        and len(one.inputs) == len(two.inputs) == 2
    ):
        return "glue.order"
    if one.kind == two.kind and one.kind in (*REDUCING, *identifiers.OF_ONE):
        return "glue.axis"
    if one.kind == two.kind or {one.kind, two.kind} <= {"multiply", "divide", "rescale"}:
        return identifiers.of_constant(scene.parted.place.torch.nodes, scene.at_input)
    scaling = {*identifiers.ARITHMETIC, "rescale", "normalization"}
    if scene.at_input and {one.kind, two.kind} <= scaling:
        return "input.scaling"
    return identifiers.of_kind(one.kind, two.kind)


def _families(nodes: list[Node]) -> set[str]:
    """What is taken of maps or of a sequence: the mean, the maximum."""
    reducing = {_family(node.kind) for node in nodes if node.kind in (*identifiers.POOLS, *REDUCING)}
    if "sum" in reducing and any(node.kind == "divide" for node in nodes):
        reducing |= {"avg"}  # a mean written out
    return reducing - {"sum"}


def _family(kind: str) -> str:
    """What a reduction amounts to."""
    return next((name for name in ("avg", "mean", "max", "sum", "min") if name in kind), kind).replace(
        "mean", "avg"
    )


def _pooling(torch: Node, keras: Node) -> str:
    for name in ("size", "strides", "padding", "padding_counts", "ceil"):
        if name in torch.settings and keras.settings.get(name, torch.settings[name]) != torch.settings[name]:
            return identifiers.of_setting("max_pool", name)
    return "pooling.padding"


def _counted(nodes: Collection[Node]) -> list[Node]:
    return [n for n in nodes if n.kind not in (*SHAPING, *SILENT, "parameter") and not is_padding_of(n, None)]


def _flips(nodes: Collection[Node]) -> bool:
    return any(node.kind in ("getitem", "flip", "take") for node in nodes)


def _said(nodes: Collection[Node]) -> str:
    found = [_with_settings(node) for node in nodes if node.kind not in ("parameter", *SILENT)]
    return ", ".join(found) or "nothing"


def _with_settings(node: Node) -> str:
    plain = {
        n: v for n, v in node.settings.items() if n != "inplace" and isinstance(v, int | float | str | tuple)
    }
    inside = ", ".join(f"{name} {value}" for name, value in plain.items())
    return f"{node.kind} ({inside})" if inside else node.kind
