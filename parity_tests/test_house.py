"""The rules the house is built by, held by tests and not by promises."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from crosscheck.experiments.experiment import experiments
from crosscheck.technique import Call, Case, techniques
from crosscheck.training.loop import Trainer

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    file
    for folder in ("crosscheck", "torch_impl", "keras_impl", "parity_tests", "scripts")
    for file in (ROOT / folder).rglob("*.py")
)
FRAMEWORKS = {"torch", "torchvision", "keras", "tensorflow", "jax"}
ADMITTED = {"crosscheck": set(), "torch_impl": {"torch", "torchvision"}, "keras_impl": {"keras"}}


# What the neutral package calls on either side.
CALLED = {
    "adapter.py": {"configure", "settings", "trainable_count", "evaluate", "round_trip"}
    | {"save", "read", "refusals", "model_with"},
    "training.py": {"Trainer", "trajectory", "updates"},
    "functions.py": {"call", "call_refusals"},
    "layers.py": {"flatten_channels_first", "max_pool"},
    "losses.py": {"loss_function"},
}


def imported(file: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).split(".")[0])
    return found


@pytest.mark.parametrize("package", ADMITTED)
def test_each_package_imports_its_own_framework_only(package: str) -> None:
    others = FRAMEWORKS - ADMITTED[package]
    wrong = {f.name: imported(f) & others for f in (ROOT / package).rglob("*.py") if imported(f) & others}
    assert not wrong


def test_no_framework_is_loaded_by_the_neutral_package() -> None:
    code = (
        "import pkgutil, importlib, sys, crosscheck\n"
        "for m in pkgutil.walk_packages(crosscheck.__path__, 'crosscheck.'):\n"
        "    if not m.name.endswith('__main__'): importlib.import_module(m.name)\n"
        f"print(sorted({FRAMEWORKS!r} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_are_short_and_named_for_what_they_hold(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 300
    assert file.stem not in {"utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("script", sorted((ROOT / "scripts").glob("*.py")), ids=lambda file: file.name)
def test_scripts_are_thin(script: Path) -> None:
    assert len(script.read_text().splitlines()) < 60


def test_every_technique_is_three_files() -> None:
    names = set(techniques())
    for package in ("torch_impl", "keras_impl"):
        files = {f.stem for f in (ROOT / package / "techniques").glob("*.py")} - {"__init__"}
        assert files == names, package


def listed(asked: ast.arguments) -> list[str]:
    """The arguments of a definition, each with its default value if it has one: "x", "affine=True"."""
    names = [argument.arg for argument in (*asked.posonlyargs, *asked.args, *asked.kwonlyargs)]
    first = len(names) - len(asked.kwonlyargs) - len(asked.defaults)
    values = [*[None] * first, *asked.defaults, *asked.kw_defaults]
    pairs = zip(names, values, strict=True)
    return [name if value is None else f"{name}={ast.unparse(value)}" for name, value in pairs]


def definitions(file: Path) -> dict[str, list[str]]:
    """Public functions and classes of a file, in order, with their arguments and default values."""
    found = {}
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            found[node.name] = listed(node.args)
        if isinstance(node, ast.ClassDef):
            found[node.name] = []
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    # The one standing exemption: sizes that Keras infers when it builds.
                    found[node.name] = [a for a in listed(method.args) if not a.startswith("in_")]
    return found


@pytest.mark.parametrize("name", list(techniques()))
def test_the_two_implementations_mirror_each_other(name: str) -> None:
    torch, keras = (
        definitions(ROOT / package / "techniques" / f"{name}.py") for package in ("torch_impl", "keras_impl")
    )
    exempt = techniques()[name].mirror_exceptions
    assert all(len(reason) > 20 for reason in exempt.values()), "an exception needs its reason"
    assert exempt.keys() <= torch.keys() | keras.keys(), "an exception that is no longer needed"
    torch, keras = ({k: v for k, v in side.items() if k not in exempt} for side in (torch, keras))
    assert list(torch.items()) == list(keras.items())
    # The names of a constructor include `self`.
    assert all(len(arguments) <= 6 for arguments in torch.values())


@pytest.mark.parametrize("name", list(techniques()))
def test_port_comments_stand_on_both_sides(name: str) -> None:
    counts = [
        (ROOT / package / "techniques" / f"{name}.py").read_text().count("# PORT:")
        for package in ("torch_impl", "keras_impl")
    ]
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize("module", CALLED)
def test_both_sides_offer_the_same_functions(module: str) -> None:
    torch, keras = (definitions(ROOT / package / module) for package in ("torch_impl", "keras_impl"))
    assert torch.keys() >= CALLED[module]
    for function in CALLED[module]:
        assert torch[function] == keras[function], function


def test_trainers_have_the_methods_that_the_loop_asks_for() -> None:
    for package in ("torch_impl", "keras_impl"):
        for node in ast.parse((ROOT / package / "training.py").read_text()).body:
            if isinstance(node, ast.ClassDef) and node.name == "Trainer":
                methods = {m.name: ast.unparse(m.args) for m in node.body if isinstance(m, ast.FunctionDef)}
                for name in ("train", "predict", "weights", "optimizer_state", "restore"):
                    asked = inspect.signature(getattr(Trainer, name))
                    assert methods[name].split(", ")[0] == "self"
                    assert [a.split(":")[0] for a in methods[name].split(", ")] == list(asked.parameters)


@pytest.mark.parametrize("name", list(techniques()))
def test_no_case_is_without_checks(name: str) -> None:
    technique = techniques()[name]
    assert technique.cases
    assert len({case.name for case in technique.cases}) == len(technique.cases)
    for case in technique.cases:
        if isinstance(case, Case):
            assert case.refused_shapes, f"{case.name} refuses nothing"
        elif isinstance(case, Call):
            assert case.refused, f"{case.name} refuses nothing"
        else:
            assert case.steps > 5
    numeric = [case for case in technique.cases if not (isinstance(case, Case) and case.counted_only)]
    assert numeric, "nothing but counts"


def test_every_technique_has_an_experiment() -> None:
    assert experiments().keys() == techniques().keys()
    assert all(found.question.endswith("?") for found in experiments().values())


def test_public_functions_have_docstrings() -> None:
    bare = []
    for file in SOURCES:
        if file.parts[-2] == "parity_tests":
            continue
        for node in ast.parse(file.read_text()).body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                bare.append(f"{file.name}:{node.name}")
    assert not bare
