"""A PyTorch model and a Keras model of the user's, compared layer by layer under shared weights."""

from dataclasses import dataclass, replace

import numpy as np

from crosscheck.errors import CrosscheckError
from crosscheck.ports import asked, copying, pairing, trying
from crosscheck.ports.calls import calls_of, ends_of, states_of
from crosscheck.ports.divergence import TOLERANCE, Parted, Place, apart, in_keras_order, relative_error
from crosscheck.ports.faithful import require_faithful, require_known
from crosscheck.ports.leftovers import LayerPair
from crosscheck.ports.padding import without_hidden
from crosscheck.ports.prints import show_prints
from crosscheck.ports.program import Again, Held, Program, Trace
from crosscheck.ports.randomness import first_unstable, require_stable
from crosscheck.ports.stretches import stretch_to
from crosscheck.sides import Sides

KEY = "compared"
# Layers that tell what the axes of an image or signal are.
WITH_CHANNELS = (
    "conv1d",
    "conv2d",
    "conv3d",
    "depthwise_conv1d",
    "depthwise_conv2d",
    "conv2d_transpose",
    "batch_norm",
    "max_pool",
    "avg_pool",
)


@dataclass(frozen=True)
class Comparison:
    """What comparing two models showed.

    Attributes:
        pairs: layers that belong together.
        parted: for every pair, and then for every output, in the order of the flow of data.
        outputs: relative error of each output of the models.
    """

    pairs: tuple[LayerPair, ...]
    parted: tuple[Parted, ...]
    outputs: tuple[float, ...]

    @property
    def places(self) -> list[Place]:
        """Where the models were compared."""
        return [parted.place for parted in self.parted]

    @property
    def equal(self) -> bool:
        return all(error <= TOLERANCE for error in self.outputs)

    @property
    def faults(self) -> int:
        """In how many places an error is born."""
        return sum(parted.at_fault for parted in self.parted)

    @property
    def first(self) -> Parted | None:
        """The first pair whose outputs are apart."""
        return next((parted for parted in self.parted if not parted.equal), None)


class Ports:
    """Two models on the table.

    Args:
        sides: both frameworks.
        torch: "file.py:function" that returns the one model.
        keras: "file.py:function" that returns the other.
        inputs: as PyTorch sees them, float64 or whole numbers.
        seed: of the weights.
        given: the Keras path of PyTorch layers, where it is known.
        keep_weights: leave both models the weights that they come with.

    Raises:
        CrosscheckError: a model cannot be built or run, or the layers cannot be paired.
    """

    redrawable = True  # a trace has its own weights

    def __init__(
        self,
        sides: Sides,
        torch: str,
        keras: str,
        inputs: list[np.ndarray],
        seed: int = 0,
        given: dict[str, str] | None = None,
        keep_weights: bool = False,
    ) -> None:
        self.sides, self.keep_weights = sides, keep_weights
        self.shapes: list[dict[int, tuple[int, ...]]] = []
        for side in (sides.torch, sides.keras):
            show_prints(side)
        futures = (
            sides.torch.submit("torch_impl.trace:open_model", KEY, torch, "float64"),
            sides.keras.submit("keras_impl.trace:open_model", KEY, keras, "float64"),
        )
        opened = zip((sides.torch, sides.keras), futures, strict=True)
        self.asked: dict[str, str] = {side.name: side.result(future) for side, future in opened}
        self.notes = asked.notes(self.asked)
        self.inputs = inputs
        names = sides.torch.call("torch_impl.trace:input_names", KEY)[: len(inputs)]
        sides.keras.call("keras_impl.trace:name_inputs", KEY, names)
        self.torch: Program = sides.torch.call("torch_impl.trace:program", KEY, inputs)
        self.keras_inputs = self._for_keras()
        self.keras: Program = sides.keras.call("keras_impl.trace:program", KEY, self.keras_inputs)
        for program in (self.torch, self.keras):
            require_known(program)
        self.seed = seed
        self.candidates = pairing.Candidates(self.torch, self.keras, given)
        self.chosen = self.candidates.chosen
        self._pair(self.chosen)
        if not self.pairs:
            raise CrosscheckError("the models hold no weights: there is nothing to pair them by")
        self._settle(trying.settled(self))

    def compare(self) -> Comparison:
        """Run both in evaluation mode, and every stretch of Keras' on PyTorch's tensors besides."""
        found = self._compared(self._steady())
        if not found.equal:
            chosen = trying.exchanged(self, self.chosen, found)
            if self._settle(chosen):
                found = self._compared(self._steady())
        return found

    def redrawn(self, seed: int) -> tuple[Trace, Trace]:
        """Both runs with other weights."""
        self.seed = seed
        self._copy(seed)
        return self._run(still=True)

    def tried(self, chosen: pairing.Assignment) -> trying.Tried:
        """The comparison with the layers paired so."""
        self._pair(chosen)
        return self._compared(self._run(still=True))

    def _pair(self, chosen: pairing.Assignment) -> None:
        """Take an assignment of layers, and give both models the same weights by it."""
        self.pairing, self.paired = self.candidates.pairing(chosen), chosen
        self.pairs = list(self.pairing.pairs)
        self._copy(self.seed)

    def _settle(self, chosen: pairing.Assignment) -> bool:
        """Take the assignment that was decided on; whether it is another one."""
        new, self.chosen = chosen != self.chosen, chosen
        if self.paired != chosen:
            self._pair(chosen)
        return new

    def _compared(self, values: tuple[Trace, Trace]) -> Comparison:
        if len(self.torch.outputs) != len(self.keras.outputs):
            raise CrosscheckError(
                f"torch returns {len(self.torch.outputs)} tensors, keras {len(self.keras.outputs)}"
            )
        torch, keras = self.values = values
        outputs = list(zip(self.torch.outputs, self.keras.outputs, strict=True))
        layers = [pair for pair in self.pairs if pair.compared and pair.torch.kind != "parameter"]
        calls = [call for pair in layers for call in calls_of(pair, self.torch, self.keras, self.values)]
        programs = self.torch, self.keras
        calls.sort(key=lambda pair: pair.torch.number)
        ends = [(pair, *ends_of(pair, *programs, self.values)) for pair in calls]
        paired = {pair.torch.step for pair in calls}, {pair.keras.step for pair in calls}
        self.common = {b: a for _, a, b in ends} | states_of(calls)
        self.common |= dict(zip(self.keras.inputs, self.torch.inputs, strict=True))
        everything = [*ends, *((None, a, b) for a, b in outputs)]
        places = [
            Place(
                pair,
                stretch_to(self.torch, a, pair.torch if pair else None, self.common.values(), paired[0]),
                stretch_to(self.keras, b, pair.keras if pair else None, self.common, paired[1]),
            )
            for pair, a, b in everything
        ]
        parts = [self.again(place) for place in places]
        asked = [part for part in parts if part is not None]
        done = iter(self.sides.keras.call("keras_impl.trace:replay", KEY, self.keras_inputs, asked))
        parted = []
        for place, part in zip(places, parts, strict=True):
            alone = next(done) if part is not None else self._plain(place)
            expected = torch.values[place.torch.ends]
            accumulated = apart(expected, keras.values[place.keras.ends])
            own = float("nan") if alone is None else apart(expected, alone)
            given = self.common.get(place.keras.ends) == place.torch.ends
            if not place.keras.steps and not place.torch.steps and given:
                own = 0.0  # the output is what a layer gave
            parted.append(Parted(place, accumulated, own, alone))
        errors = tuple(apart(torch.values[a], keras.values[b]) for a, b in outputs)
        found = Comparison(tuple(self.pairs), tuple(parted), errors)
        return replace(found, parted=without_hidden(found.parted, self.values)) if found.equal else found

    def _plain(self, place: Place) -> np.ndarray | None:
        """What Keras' stretch makes of PyTorch's tensors if it does nothing at all."""
        if place.keras.steps or place.keras.ends not in self.common:
            return None
        mine = self.values[0].values[self.common[place.keras.ends]]
        like = self.values[1].values[place.keras.ends]
        return in_keras_order(mine, like.shape, like)

    def again(self, place: Place) -> Again | None:
        """Keras' stretch, begun with PyTorch's tensors; None if it begins where PyTorch's does not."""
        torch, keras = self.values
        if not place.keras.steps or not set(place.keras.begins) <= self.common.keys():
            return None
        given = {
            number: in_keras_order(
                torch.values[self.common[number]], keras.values[number].shape, keras.values[number]
            )
            for number in place.keras.begins
        }
        return Again(place.keras.steps, given, place.keras.ends)

    def _for_keras(self) -> list[np.ndarray]:
        declared = self.sides.keras.call("keras_impl.trace:input_shapes", KEY)
        found = []
        for index, (number, array) in enumerate(zip(self.torch.inputs, self.inputs, strict=True)):
            shape = declared[index] if index < len(declared) else None
            found.append(np.moveaxis(array, 1, -1) if self._has_channels(number, array, shape) else array)
        return found

    def _has_channels(self, number: int, array: np.ndarray, declared: tuple[int | None, ...] | None) -> bool:
        if array.ndim < 3:
            return False
        if declared:
            fits = [
                all(want in (None, has) for want, has in zip(declared[1:], shape[1:], strict=True))
                for shape in (np.moveaxis(array, 1, -1).shape, array.shape)
                if len(declared) == len(shape)
            ]
            if fits in ([True, False], [False, True]):
                return fits[0]
        if array.dtype.kind != "f":
            return False
        users = [node for node in self.torch.nodes if number in node.inputs]
        return any(node.kind in WITH_CHANNELS for node in users) or array.ndim > 3

    def _steady(self) -> tuple[Trace, Trace]:
        """Both runs, with dropout switched off that is active in evaluation mode.

        Raises:
            CrosscheckError: a model gives other numbers each time.
        """
        runs = self._run(), self._run()
        programs = {"torch": self.torch, "keras": self.keras}
        self.active: set[tuple[str, int]] = set()
        self.unsteady: dict[str, tuple[Trace, Trace]] = {}
        self.free = 0.0
        for index, (side, program) in enumerate(programs.items()):
            both = runs[0][index], runs[1][index]
            node = first_unstable(program, both)
            if node is not None and node.kind == "dropout":
                self.active.add((side, node.number))
                self.unsteady[side] = both
        if self.active:
            runs = self._run(still=True), self._run(still=True)
        for index, program in enumerate(programs.values()):
            require_stable(program, (runs[0][index], runs[1][index]))
        if not self.active:
            real, free = (
                self.sides.keras.call("keras_impl.trace:outputs", KEY, self.keras_inputs, told)
                for told in (True, False)
            )
            require_faithful(self.keras, runs[0][1], real)
            self.free = max(relative_error(a, b) for a, b in zip(real, free, strict=True))
        return runs[0]

    def _run(self, still: bool = False) -> tuple[Trace, Trace]:
        torch = self.sides.torch.submit("torch_impl.trace:run", KEY, self.inputs, still)
        keras = self.sides.keras.submit("keras_impl.trace:run", KEY, self.keras_inputs, still)
        return self.sides.torch.result(torch), self.sides.keras.result(keras)

    def _copy(self, seed: int) -> None:
        if not self.shapes:
            self.shapes = [{n: v.shape for n, v in trace.values.items()} for trace in self._run()]
        rows = copying.RowOrders((self.torch, self.shapes[0]), (self.keras, self.shapes[1]), self.pairs)
        held, there = copying.names(self.pairs)
        if self.keep_weights:
            self.rows, self.held, self.lone = rows, (held, there), (dict[str, Held](), dict[str, Held]())
            mine = self.sides.torch.call("torch_impl.trace:get_weights", KEY, held)
            theirs = self.sides.keras.call("keras_impl.trace:get_weights", KEY, there)
            self.notes = asked.notes(self.asked) + copying.unlike(mine, rows.from_keras(theirs))
            return
        weights = copying.drawn(held, seed)
        # What only one of them has is drawn, too: a bias of 0 would not be seen.
        lone = copying.rest(self.torch, held), copying.rest(self.keras, there)
        mine, theirs = copying.drawn(lone[0], seed + 1), copying.drawn(lone[1], seed + 2)
        self.rows, self.held, self.lone = rows, (held, there), lone
        self.sides.torch.call("torch_impl.trace:set_weights", KEY, held | lone[0], weights | mine)
        self.sides.keras.call(
            "keras_impl.trace:set_weights", KEY, there | lone[1], rows.for_keras(weights) | theirs
        )
