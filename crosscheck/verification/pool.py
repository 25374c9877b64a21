"""Several pairs of processes at the checks: Keras mostly traces and builds, on one core."""

import threading
from collections.abc import Iterator, Sequence
from queue import Empty, Queue

from crosscheck.errors import SideError
from crosscheck.sides import Sides
from crosscheck.technique import AnyCase, Technique
from crosscheck.verification.rows import Row
from crosscheck.verification.trajectory import Course
from crosscheck.verification.verify import verify

Work = tuple[int, Technique, AnyCase]


def verify_together(
    techniques: Sequence[Technique],
    pairs: Sequence[Sides],
    dtypes: Sequence[str],
    course: Course,
    cases: Sequence[str] = (),
    seed: int = 0,
) -> Iterator[Row]:
    """`verify`, with the cases shared out among pairs of processes; the rows come in the same order.

    Raises:
        SideError: a process died, or a call took too long.
    """
    work: Queue[Work] = Queue()
    number = 0
    for technique in techniques:
        for case in technique.cases:
            if not cases or case.name in cases:
                work.put((number, technique, case))
                number += 1
    done: Queue[tuple[int, list[Row], BaseException | None]] = Queue()

    def carry_out(sides: Sides) -> None:
        while True:
            try:
                index, technique, case = work.get_nowait()
            except Empty:
                return
            rows: list[Row] = []
            try:
                for row in verify([technique], sides, dtypes, course, [case.name], seed):
                    rows.append(row)
                done.put((index, rows, None))
            except BaseException as error:  # the main thread's to deal with
                done.put((index, rows, error))
                return

    for sides in pairs:
        threading.Thread(target=carry_out, args=(sides,), daemon=True).start()
    waiting: dict[int, list[Row]] = {}
    turn = 0
    while turn < number:
        index, rows, error = done.get()
        waiting[index] = rows
        if error is not None:  # what is known of the others is still worth showing
            for kept in sorted(waiting):
                yield from waiting[kept]
            raise error if isinstance(error, SideError) else SideError(repr(error))
        while turn in waiting:
            yield from waiting.pop(turn)
            turn += 1
