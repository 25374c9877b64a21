"""Errors that are meant for the user: one clear line each, never a traceback."""


class CrosscheckError(Exception):
    """Something the user can mend; the message says what was wrong, where, and what to do."""


class DataError(CrosscheckError):
    """A data set that is missing, corrupt, truncated or not what it claims to be."""


class WeightsError(CrosscheckError):
    """Weights that do not fit: missing, left over or misshapen tensors, all of them listed."""


class CheckpointError(CrosscheckError):
    """A checkpoint file that is missing, corrupt or belongs to something else."""


class SideError(CrosscheckError):
    """A framework's process died or hung; the message names it and gives its last lines."""


class CallError(CrosscheckError):
    """A call into a framework's process raised; the process itself is well.

    Attributes:
        kind: name of the exception's class over there.
        details: the traceback over there, as text.
    """

    def __init__(self, message: str, kind: str = "", details: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.details = details


class WorkerError(CrosscheckError):
    """Another of the processes that train together is gone."""
