"""`crosscheck compare` as a person meets it: one clear line for what is wrong, a page to read, Ctrl-C."""

import json
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosscheck.cli import main
from crosscheck.errors import CallError, CrosscheckError, SideError
from crosscheck.ports import page
from crosscheck.ports.complaints import brief, in_one_line
from crosscheck.ports.inputs import read
from crosscheck.ports.judgement import Judgement, Question, judge
from crosscheck.sides import Sides, open_sides

FOLDER = Path(__file__).parent / "ported"
BROKEN = FOLDER / "broken.py"
PAIR = f"{FOLDER / 'originals.py'}:residual", f"{FOLDER / 'ports.py'}"
TRAINED = f"{FOLDER / 'training_originals.py'}:sgd", f"{FOLDER / 'training_ports.py'}"


def refused(torch: str, keras: str, sides: Sides, what: str = "4x6") -> str:
    with pytest.raises(CrosscheckError) as error:
        judge(sides, Question(f"{BROKEN}:{torch}", f"{BROKEN}:{keras}", read((what,))))
    message = str(error.value)
    assert "\n" not in message
    assert "\x1b" not in message
    assert len(message) < 500
    return message


@pytest.mark.parametrize(
    ("torch", "keras", "what", "said"),
    [
        ("torch_drawing", "keras_dense", "4x6", "torch: "),
        ("torch_dense", "keras_drawing", "4x6", "drawing"),
        ("torch_dense", "keras_inside", "4x6", "(broken.py, line "),
        ("torch_dense", "keras_dense", "4x7", "mat1 and mat2 shapes cannot be multiplied (4x7 and 6x3)"),
        ("torch_too_large", "keras_dense", "4x6", "can't allocate memory: you tried to allocate"),
        ("leaving", "keras_dense", "4x6", "torch: SystemExit: 3"),
    ],
)
def test_what_is_wrong_is_one_short_line(torch: str, keras: str, what: str, said: str, sides: Sides) -> None:
    message = refused(torch, keras, sides, what)
    assert said in message
    if "drawing" in torch + keras:
        assert "gives other numbers each time" in message


@pytest.mark.parametrize("side", ["torch", "keras"])
def test_a_side_that_is_killed_is_named_in_one_line(side: str) -> None:
    torch, keras = ("killed", "keras_dense") if side == "torch" else ("torch_dense", "killed")
    with open_sides() as sides:
        message = refused(torch, keras, sides)
    assert message.startswith(f"the {side} process has died (SIGKILL: out of memory, or ended by hand)")


def test_a_file_that_does_not_import(sides: Sides, tmp_path: Path) -> None:
    for name, text in (("syntax", "def f(:"), ("missing", "import no_such_thing")):
        (tmp_path / f"{name}.py").write_text(text)
        with pytest.raises(CrosscheckError, match=f"{name}.py does not import: .*[^,]*line 1.$") as error:
            judge(sides, Question(f"{tmp_path / name}.py:f", f"{BROKEN}:keras_dense", read(("4x6",))))
        assert "\n" not in str(error.value)


TORCH_PRINTING = """
from sys import stdout
import torch
print("imported")
class Net(torch.nn.Linear):
    def forward(self, x):
        stdout.writelines(["given ", f"{list(x.shape)}", " x[:100:2]\\n"])
        assert x.shape[1] == self.in_features, "another width"
        return super().forward(x)
def build():
    return Net(6, 3)
"""
KERAS_PRINTING = """
from keras import Input, Model, layers
def build():
    print("built")
    x = Input((6,))
    return Model(x, layers.Dense(3)(x))
"""


@pytest.mark.parametrize(("what", "fails"), [("4x6", False), ("4x7", True)])
def test_what_models_print_is_shown_once(
    what: str, fails: bool, sides: Sides, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = []
    for name, text in (("torch", TORCH_PRINTING), ("keras", KERAS_PRINTING)):
        (tmp_path / f"printing_{name}.py").write_text(text)
        sources.append(f"{tmp_path / f'printing_{name}.py'}:build")
    question = Question(*sources, read((what,)))  # type: ignore[misc]
    if fails:  # this is what prints are for
        with pytest.raises(CrosscheckError, match="another width"):
            judge(sides, question)
    else:
        assert judge(sides, question).equal
    shown = [line for line in capsys.readouterr().err.splitlines() if "prints" in line]
    given = f"torch prints: given [{what[0]}, {what[2]}] x[:100:2]"
    assert shown == ["torch prints: imported", "keras prints: built", given]


def test_what_frameworks_say_is_shortened() -> None:
    keras = (
        "Exception encountered when calling Add.call().\n\n\x1b[1mInputs have shapes that do not fit at all "
        "(3,) and (4,), which is no good.\x1b[0m\n\nArguments received by Add.call():\n  • args=<class>"
    )
    assert brief(keras) == (
        "in Add: Inputs have shapes that do not fit at all (3,) and (4,), which is no good."
    )
    tensorflow = (
        "{{function_node __wrapped__MatMul}} Matrix size-incompatible: In[0]: [4,3] [Op:MatMul] name: "
    )
    assert brief(tensorflow) == "Matrix size-incompatible: In[0]: [4,3]"
    assert len(brief("x" * 9000)) < 400
    lines = "the keras process has died; its last lines:\n    I0000 00:00:17 1 a.cc:31] hello\n    the cause"
    assert str(in_one_line(SideError(lines))) == "the keras process has died; the last it printed: the cause"
    assert isinstance(in_one_line(CallError("torch: no")), CallError)


def test_the_page_cannot_be_broken_by_a_name() -> None:
    assert page._text("<script>&\"'") == "&lt;script&gt;&amp;&quot;&#x27;"
    assert page._prose("`a<b>` and <i>") == "<code>a&lt;b&gt;</code> and &lt;i&gt;"
    assert page.share(float("inf")) == page.share(5.0) == 100
    assert page.share(0.0) == 0
    assert 60 < page.share(1e-6) < 65


class Checked(HTMLParser):
    """Tags that close, places that links lead to, and what comes from outside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.places: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert tag not in {"script", "link", "img", "iframe"}
        assert "src" not in given
        if tag not in {"meta", "input"}:
            self.open.append(tag)
        self.places += [str(given["id"])] if "id" in given else []
        self.links += [str(given["href"])] if "href" in given else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def of_page(found: Judgement, torch: str = "a.py:f", keras: str = "b.py:<b>") -> Checked:
    checked = Checked(page.written(found, torch, keras, {"inputs": "<2>"}))
    assert not checked.open
    assert len(checked.places) == len(set(checked.places))
    assert {link.removeprefix("#") for link in checked.links} <= set(checked.places)
    assert "url(" not in checked.text
    assert "b.py:<b>" in checked.text
    return checked


def test_the_page_tells_everything(sides: Sides) -> None:
    question = Question(PAIR[0], f"{PAIR[1]}:residual_epsilon", read(("2x3x16x24",)))
    checked = of_page(judge(sides, question))
    for text in ("Different: the outputs are", "norm.epsilon", "born here", "only carried", "stage1_bn1"):
        assert text in checked.text
    assert {"verdict", "finding-0", "place-0", "layers", "how"} <= set(checked.places)
    pair = (f"{one.rpartition(':')[0]}:decoder" for one in (PAIR[0], f"{PAIR[1]}:"))
    right = of_page(judge(sides, Question(*pair, read(("2x3x8x12",)))))
    assert "Equal: the outputs agree" in right.text
    assert "finding-0" not in right.places


def test_the_page_tells_of_training(sides: Sides) -> None:
    target = read(("4:int64:0..4",))[0]
    late = judge(sides, Question(TRAINED[0], f"{TRAINED[1]}:sgd_momentum", read(("4x6",)), target, 3))
    checked = of_page(late)
    assert checked.text.index("Training differs: at step 2") < checked.text.index("Without training: equal")
    assert "parts here" in checked.text
    found = json.loads(json.dumps(late.as_json()))
    assert found["verdict"] == found["training"]["verdict"] == "different"
    assert found["cause"] == ["sgd.momentum"]
    assert found["first_divergence"] == "training step 2: last.kernel"


def test_training_is_compared_only_where_both_say_how(sides: Sides) -> None:
    target = read(("4:int64:0..4",))[0]
    with pytest.raises(CrosscheckError, match="only torch has what trains: keras: the function returned no"):
        judge(sides, Question(TRAINED[0], f"{TRAINED[1]}:untrained", read(("4x6",)), target))
    with pytest.raises(CrosscheckError, match="neither function returns what trains"):
        judge(sides, Question(f"{BROKEN}:torch_dense", f"{BROKEN}:keras_dense", read(("4x6",)), target))


@pytest.mark.parametrize("target", ["4x", "4:int64", "nothing.npz"])
def test_a_target_that_is_none(target: str) -> None:
    arguments = [TRAINED[0], f"{TRAINED[1]}:sgd", "--input", "4x6", "--target", target]
    answer = CliRunner().invoke(main, ["compare", *arguments])
    assert answer.exit_code == 2
    assert target in answer.output
    assert "--input" not in answer.output
    assert len(answer.output.splitlines()) == 1


def test_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    slow, begun = tmp_path / "slow.py", tmp_path / "begun"
    slow.write_text(f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(100)\n")
    command = [sys.executable, "-m", "crosscheck", "compare", f"{slow}:build", f"{BROKEN}:keras_dense"]
    process = subprocess.Popen(
        [*command, "--input", "4x6"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not begun.exists():
        time.sleep(0.1)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "Interrupted.\n")
