"""Independent ports of the same papers: torchvision's models and those of keras.applications, untrained."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
# By name, what goes in.
MODELS = {
    "vgg16": "1x3x224x224",
    "densenet121": "2x3x64x64",
    "mobilenet_v2": "2x3x64x64",
    "resnet50": "2x3x64x64",
}


def sources(name: str) -> tuple[str, str]:
    """The two functions that return a model, as `crosscheck compare` takes them."""
    return f"{FOLDER / 'of_torchvision.py'}:{name}", f"{FOLDER / 'of_keras.py'}:{name}"
