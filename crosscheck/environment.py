"""How a framework's process is set up, and how it is recorded.

Everything here is said through environment variables, before the framework is imported, so that
the neutral package needs no framework to say it.
"""

import hashlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from crosscheck.errors import CrosscheckError

BACKENDS = ("tensorflow", "jax", "torch")
DEVICES = ("cpu", "cuda")

GPU_QUERY = ("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader")
GPU_SIGNS = ("/dev/nvidiactl", "/dev/dxg")  # of the driver, and of Windows' in its Linux

SOURCES = ("crosscheck", "torch_impl", "keras_impl")  # of what is computed; beside this package
PACKAGES = ("crosscheck", "torch", "torchvision", "keras", "tensorflow", "jax", "numpy")


def framework_environment(
    backend: str, device: str, threads: int, devices: int = 1, empty_parts: bool = False
) -> dict[str, str]:
    """Variables for a process that will import one framework.

    Args:
        backend: Keras' backend (ignored by PyTorch).
        device: "cpu" hides every GPU; "cuda" leaves them visible.
        threads: for each of the framework's thread pools.
        devices: that the process divides its batches among; on a CPU they are made up.
        empty_parts: whether some of them may be given no row of a batch.

    Raises:
        CrosscheckError: the backend is not installed.
    """
    if find_spec(backend) is None:
        raise CrosscheckError(f"the {backend} backend needs {backend}: pip install {backend}")
    variables = {
        "KERAS_BACKEND": backend,
        # Keras' float64 is float32 on JAX unless this is set.
        "JAX_ENABLE_X64": "1",
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
        # TF32 keeps 10 bits of a float32's 23; mixed modes are the default, so off everywhere.
        "NVIDIA_TF32_OVERRIDE": "0",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        # The frameworks share the GPU: none may take all of its memory at the start.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "OMP_NUM_THREADS": str(threads),
        "NPROC": str(threads),  # the threads of JAX on a CPU
        "TF_NUM_INTRAOP_THREADS": str(threads),
        # Replicas wait for each other in one pool; with a thread each, eight trained a fifth faster.
        "TF_NUM_INTEROP_THREADS": str(devices),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    if empty_parts and backend == "tensorflow":
        # Of an empty batch, oneDNN's convolutions have as many channels as their input (TensorFlow 2.21).
        variables["TF_ENABLE_ONEDNN_OPTS"] = "0"
    if device == "cpu":
        variables |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
        if devices > 1:
            variables["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"  # JAX's
    else:
        # Keras does not compile with XLA while this is set; on the CPU it is not needed.
        variables["TF_DETERMINISTIC_OPS"] = "1"
        if backend == "jax":
            variables["XLA_FLAGS"] = (
                f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()
            )
    return variables


def recorded_environment() -> dict[str, str]:
    """What of `framework_environment` is in force in this process: threads, TF32, determinism."""
    names = {name for device in DEVICES for name in framework_environment("torch", device, 1)}
    names |= {"XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS"}
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}


def default_threads(processes: int) -> int:
    """Cores for each of so many processes at work at the same time."""
    return max(1, (os.cpu_count() or 1) // processes)


def versions() -> dict[str, str]:
    """Installed versions of whatever a result may depend on; absent packages are left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine(device: str = "cpu") -> str:
    """What computes, in words: the processor with its number of cores, and before it the GPU, if it does.

    Args:
        device: "cpu" or "cuda", or as a framework names it, such as "/device:CPU:0".
    """
    if "cpu" not in device.lower():
        return f"{gpu()}; {machine()}"
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:
            name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), name)
    except OSError:
        pass
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def gpu() -> str:
    """The GPU, its driver and its memory, as the driver's own tool says it."""
    try:
        answer = subprocess.run(GPU_QUERY, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "GPU unknown: nvidia-smi does not answer"
    return answer.stdout.strip().replace("\n", "; ")


def gpu_count() -> int:
    """How many GPUs the driver's own tool sees."""
    told = gpu()
    return 0 if told.startswith("GPU unknown") else len(told.split(";"))


def gpu_present() -> bool:
    """Whether there is a GPU's driver here; whether a framework sees the GPU, it says itself."""
    return any(Path(sign).exists() for sign in GPU_SIGNS)


def revision() -> str:
    """The git revision of the sources, with "+" where they were changed since; "" outside git."""
    here = Path(__file__)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here.parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        # Fails in the repository of someone who has installed us.
        git("ls-files", "--error-unmatch", here.name)
        changed = git("status", "--porcelain", "--", *(f":/{name}" for name in SOURCES))
        return git("describe", "--always", "--abbrev=12") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def sources(*more: str) -> str:
    """A digest of the sources that compute, and of more folders, whether git knows them or not."""
    root, digest = Path(__file__).parent.parent, hashlib.sha256()
    files = (
        file
        for name in (*SOURCES, *more)
        for file in (root / name).rglob("*")
        if file.suffix in (".py", ".toml")
    )
    for file in sorted(files):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
