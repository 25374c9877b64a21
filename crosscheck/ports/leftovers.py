"""Layers without a counterpart of the same kind and shape: what explains that, and what they still share."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from crosscheck.ports.channels import TURNING
from crosscheck.ports.identifiers import NORMS
from crosscheck.ports.program import Held, Node, Program
from crosscheck.ports.sliced import sliced
from crosscheck.ports.stretches import SILENT
from crosscheck.ports.structure import Place, nearness, resemblance, signature

# What is done with a parameter of the user's own that has the role of a layer's tensor.
USES = {"gamma": "multiply", "beta": "add", "bias": "add"}


@dataclass(frozen=True)
class LayerPair:
    """A layer of either side.

    Attributes:
        torch: its first call there.
        keras: its first call here.
        mismatch: why they cannot hold the same tensors, though they stand in the same place, as an
            identifier of `causes`; empty if they can.
        compared: whether what they give is the same; else they only share weights, as one dense layer for
            queries, keys and values does with three.
    """

    torch: Node
    keras: Node
    mismatch: str = ""
    compared: bool = True

    def shared(self) -> list[str]:
        """Roles of the tensors that both have, in the same shape and each for itself."""
        if self.mismatch == "sharing.parameters":
            return []
        return [role for role in self.torch.held if role in self.keras.held and self._fits(role)]

    def _fits(self, role: str) -> bool:
        one, two = self.torch.held[role], self.keras.held[role]
        other = one.kind != two.kind  # a dense layer and a convolution of 1 x 1
        return (
            one.kind == "raw"
            or one.shape == two.shape
            or (other and one.shape == two.shape[-2:])
            or (other and one.shape[-2:] == two.shape)
        )

    def alone(self) -> dict[str, str]:
        """Roles of the tensors that only one has: which side."""
        sides = {role: "torch" for role in self.torch.held if role not in self.keras.held}
        return sides | {role: "keras" for role in self.keras.held if role not in self.torch.held}


def pair_all(
    torch: Program, keras: Program, pairs: list[LayerPair], left: list[Place], right: list[Place]
) -> list[LayerPair]:
    """Pair what can be; it is taken from the lists.

    Args:
        torch: the one program.
        keras: the other.
        pairs: that are known.
        left: PyTorch's layers without a counterpart.
        right: Keras' layers without one.
    """
    found = [*_sliced(left, right), *_unlike(left, right), *_used_again(torch, keras, left, right)]
    found += _shared(torch, keras, pairs, left, right)
    found += _one_hot(torch, keras, left, right)
    found += _fused(left, right)
    return found + list(_by_tensor({"torch": torch, "keras": keras}, left, right))


def _sliced(left: list[Place], right: list[Place]) -> Iterator[LayerPair]:
    """A grouped convolution of PyTorch's and Keras' convolutions on slices of its channels."""
    for whole, parts, pieces in list(sliced(left, right)):
        left.remove(whole)
        for place, piece in zip(parts, pieces, strict=True):
            right.remove(place)
            yield LayerPair(piece, place.node, compared=False)


def _unlike(left: list[Place], right: list[Place]) -> Iterator[LayerPair]:
    """Layers that differ in what explains that their tensors do."""
    for one in list(left):
        likely = [
            (nearness(one, two), two, reason) for two in right if (reason := unlike(one.node, two.node))
        ]
        if likely:
            _, two, reason = max(likely, key=lambda item: item[0])
            yield LayerPair(one.node, two.node, reason)
            left.remove(one)
            right.remove(two)


def _used_again(torch: Program, keras: Program, left: list[Place], right: list[Place]) -> Iterator[LayerPair]:
    """Layers of other kinds whose only tensor functions use as well: codes, looked up and compared with."""
    for one in [place for place in left if _is_used_again(torch, place.node)]:
        like = [two for two in right if _is_used_again(keras, two.node) and _same_tensor(one.node, two.node)]
        if like:
            two = max(like, key=lambda place: nearness(one, place))
            yield LayerPair(_as_raw(one.node, "torch"), _as_raw(two.node, "keras"), compared=False)
            left.remove(one)
            right.remove(two)


def _is_used_again(program: Program, layer: Node) -> bool:
    tied = {str(tensor) for node in program.nodes for tensor in node.tied.values()}
    return len(layer.held) == 1 and str(next(iter(layer.held.values()))) in tied


def _same_tensor(one: Node, two: Node) -> bool:
    return _same_sizes(*(next(iter(node.held.values())) for node in (one, two)))


def _as_raw(layer: Node, side: str) -> Node:
    tensor = next(iter(layer.held.values()))
    return replace(layer, held={"value": tensor if tensor.kind == "raw" else tensor.as_raw(side)})


def unlike(torch: Node, keras: Node) -> str:
    """The identifier of the mistake that makes two layers hold other tensors; "" if none does."""
    shapes = [next(iter(node.held.values())).shape for node in (torch, keras)]
    convolutions = [node.kind.startswith(("conv", "depthwise")) for node in (torch, keras)]
    if torch.kind == keras.kind == "prelu":
        return "prelu.sharing"
    if torch.kind in NORMS and keras.kind in NORMS:
        return "norm.axis" if torch.kind == keras.kind else "norm.kind"
    if all(convolutions) and len(shapes[0]) == len(shapes[1]):
        window = len(shapes[0]) - 2
        if shapes[0] == (*shapes[1][:window][::-1], *shapes[1][window:]) and shapes[0] != shapes[1]:
            return "conv.kernel_transposed"
        depthwise = any(node.kind.startswith("depthwise") for node in (torch, keras))
        if shapes[0][:window] == shapes[1][:window] and (depthwise or shapes[0][-1] == shapes[1][-1]):
            groups = [node.settings.get("groups", "each") for node in (torch, keras)]
            return "conv.groups" if groups[0] != groups[1] else ""
    return ""


def _shared(
    torch: Program, keras: Program, pairs: list[LayerPair], left: list[Place], right: list[Place]
) -> list[LayerPair]:
    """Layers left over since the other side uses one layer again where this one has another."""
    found = []
    for program, over, side in ((keras, left, "keras"), (torch, right, "torch")):
        again = [call for pair in pairs for call in program.calls(getattr(pair, side))[1:]]
        again += [replace(_use(program, node), held=node.tied) for node in program.nodes if node.tied]
        # Of one call, too, what it gives may go where the other side has a second layer on the same input.
        other = "torch" if side == "keras" else "keras"
        twice = {
            place.node.number: getattr(pair, side)
            for place in over
            for pair in pairs
            if getattr(pair, other).inputs == place.node.inputs
            and signature(getattr(pair, other)) == signature(place.node)
            and len(program.users(getattr(pair, side).outputs[-1])) > 1
        }
        for call in again:
            mine = [place for place in over if _holds_like(place.node, call)]
            if mine:
                both = (mine[0].node, call) if side == "keras" else (call, mine[0].node)
                found.append(LayerPair(*both, "sharing.parameters"))
                over.remove(mine[0])
        for place in [place for place in over if place.node.number in twice]:
            call = twice[place.node.number]
            both = (place.node, call) if side == "keras" else (call, place.node)
            found.append(LayerPair(*both, "sharing.parameters"))
            over.remove(place)
    return found


def _use(program: Program, node: Node) -> Node:
    """The step that uses a tied tensor; a parameter may be turned first."""
    while node.kind in ("parameter", *TURNING, *SILENT) and program.users(node.outputs[0]):
        node = program.users(node.outputs[0])[0]
    return node


def _holds_like(one: Node, two: Node) -> bool:
    if next(iter(two.held.values())).kind == "raw":
        return len(one.held) == 1 and _same_sizes(*(next(iter(node.held.values())) for node in (one, two)))
    return signature(one) == signature(two)


def _one_hot(torch: Program, keras: Program, left: list[Place], right: list[Place]) -> list[LayerPair]:
    """An embedding, and a dense layer or product that is given its numbers as rows of 0 and 1."""
    found = []
    for tables, dense, program, side in ((left, right, keras, "torch"), (right, left, torch, "keras")):
        for table in [place for place in tables if place.node.kind == "embedding"]:
            rows = table.node.held["embeddings"]
            like = [
                place
                for place in dense
                if list(place.node.held) == ["kernel"]
                and place.node.held["kernel"].shape == rows.shape
                and _is_one_hot(program, place.node.inputs[0])
            ]
            if like:
                best = max(like, key=lambda place: nearness(*_in_order(side, table, place)))
                product = replace(best.node, held={"embeddings": best.node.held["kernel"]})
                both = (table.node, product) if side == "torch" else (product, table.node)
                found.append(LayerPair(*both, compared=False))
                tables.remove(table)
                dense.remove(best)
    return found


def _is_one_hot(program: Program, number: int) -> bool:
    makers = program.makers()
    while number in makers and makers[number].kind in SILENT and makers[number].inputs:
        number = makers[number].inputs[0]
    return number in makers and makers[number].kind == "onehot"


def _fused(left: list[Place], right: list[Place]) -> list[LayerPair]:
    """One dense layer of several projections, and several dense layers on one input."""
    found = []
    for wholes, parts, side in ((left, right, "torch"), (right, left, "keras")):
        for whole in [place for place in wholes if place.node.kind == "dense"]:
            inputs, outputs = whole.node.held["kernel"].shape
            groups: dict[int, list[Place]] = {}
            for place in parts:
                if place.node.kind == "dense" and place.node.held["kernel"].shape[0] == inputs:
                    groups.setdefault(place.node.inputs[0], []).append(place)
            fitting = [g for g in groups.values() if _columns(g) == outputs and len(g) > 1]
            if not fitting:
                continue
            group = max(fitting, key=lambda g: nearness(*_in_order(side, whole, g[0])))
            found += list(_parts_of(whole.node, group, side))
            wholes.remove(whole)
            for place in group:
                parts.remove(place)
    return found


def _columns(group: list[Place]) -> int:
    return sum(place.node.held["kernel"].shape[1] for place in group)


def _in_order(side: str, whole: Place, part: Place) -> tuple[Place, Place]:
    return (whole, part) if side == "torch" else (part, whole)


def _parts_of(whole: Node, group: list[Place], side: str) -> Iterator[LayerPair]:
    begin = 0
    for place in sorted(group, key=lambda place: place.node.number):
        end = begin + place.node.held["kernel"].shape[1]
        held = {}
        for role, tensor in whole.held.items():
            columns = slice(begin, end)
            first = side == "torch" or role == "bias"
            part = (columns,) if first else (slice(None), columns)
            held[role] = replace(tensor, shape=(*tensor.shape[:-1], end - begin), part=part)
        own = replace(whole, path=f"{whole.path}[{begin}:{end}]", held=held)
        both = (own, place.node) if side == "torch" else (place.node, own)
        yield LayerPair(*both, compared=False)
        begin = end


def _by_tensor(programs: dict[str, Program], left: list[Place], right: list[Place]) -> Iterator[LayerPair]:
    """A layer, and parameters of the user's own that are used as it uses its tensors."""
    for layers, raws, side, other in ((left, right, "torch", "keras"), (right, left, "keras", "torch")):
        uses = {p.node.number: programs[other].users(p.node.outputs[0]) for p in raws if not p.node.inputs}
        for layer in [place for place in layers if place.node.kind != "parameter"]:
            free = [place for place in raws if place.node.kind == "parameter"]
            matched = []
            for role, tensor in layer.node.held.items():
                near = [p for p in free if _same_sizes(p.node.held["value"], tensor)]
                if not near:
                    break
                used = [p for p in near if USES.get(role) in {n.kind for n in uses[p.node.number]}] or near
                best = max(used, key=lambda place: _nearness(side, layer, tensor, place))
                free.remove(best)
                matched.append((tensor, best))
            if len(matched) == len(layer.node.held):
                for tensor, raw in matched:
                    own = replace(layer.node, path=str(tensor), held={"value": tensor})
                    both = (own, raw.node) if side == "torch" else (raw.node, own)
                    yield LayerPair(*both, compared=False)
                    raws.remove(raw)
                layers.remove(layer)


def _nearness(side: str, layer: Place, tensor: Held, raw: Place) -> float:
    """How much speaks for a parameter being that tensor of the layer."""
    return nearness(*_in_order(side, layer, raw)) + resemblance(tensor.name, raw.node.path)


def _same_sizes(one: Held, two: Held) -> bool:
    return sorted(one.sizes) == sorted(two.sizes)
