"""onnx-asr's own loading and decoding, on tiny models that emit known tokens in known frames."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto as Kind
from onnx import helper as make
from onnx import numpy_helper

from include.errors import InvalidInput
from include.gpu_host.engines.onnx_asr import OnnxRecogniser
from include.gpu_host.engines.weights import find_onnx

FRAME_MS = 80
# Token and frame of "Hello, big world".
SAID = [("▁Hel", 2), ("lo", 4), (",", 5), ("▁big", 9), ("▁wor", 20), ("ld", 23)]
BLANK = "<blk>"
LOGIT = 5.0


def constant(name: str, value: object, kind: type) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(value, dtype=kind), name)


def saved(path: Path, nodes: Sequence[onnx.NodeProto], inputs: dict, outputs: dict, constants: list) -> None:
    def described(values: dict) -> list:
        return [make.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in values.items()]

    graph = make.make_graph(nodes, path.stem, described(inputs), described(outputs), constants)
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def table(vocabulary: Sequence[str], said: Sequence[tuple[str, int]], durations: int) -> np.ndarray:
    """Scores of tokens and of steps in frames (always one) in each frame; shape (frames, scores)."""
    rows = np.zeros((400, len(vocabulary) + durations), dtype=np.float32)
    rows[:, vocabulary.index(BLANK)] = LOGIT
    if durations:
        rows[:, len(vocabulary) + 1] = LOGIT
    for token, frame in said:
        rows[frame, vocabulary.index(BLANK)] = 0
        rows[frame, vocabulary.index(token)] = LOGIT
    return rows


def described(folder: Path, vocabulary: Sequence[str], model_type: str) -> Path:
    folder.mkdir()
    config = {"model_type": model_type, "features_size": 80, "subsampling_factor": 8}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("".join(f"{token} {n}\n" for n, token in enumerate(vocabulary)))
    return folder


FEATURES = {"audio_signal": (Kind.FLOAT, ["batch", 80, "time"]), "length": (Kind.INT64, ["batch"])}


@pytest.fixture
def parakeet(tmp_path: Path) -> Path:
    """NeMo's TDT layout: the encoder gives each frame its number, the joint network looks the number up."""
    vocabulary = [*dict.fromkeys(token for token, _ in SAID), BLANK]
    folder = described(tmp_path / "parakeet", vocabulary, "nemo-conformer-tdt")
    saved(
        folder / "encoder-model.onnx",
        [
            make.make_node("Sub", ["length", "one"], ["before"]),
            make.make_node("Div", ["before", "eight"], ["whole"]),
            make.make_node("Add", ["whole", "one"], ["encoded_lengths"]),
            make.make_node("ReduceMean", ["audio_signal"], ["mean"], axes=[1], keepdims=1),
            make.make_node("Slice", ["mean", "zeros", "ends", "last", "strides"], ["every_eighth"]),
            make.make_node("Mul", ["every_eighth", "nought"], ["noughts"]),
            make.make_node("Add", ["noughts", "unit"], ["units"]),
            make.make_node("CumSum", ["units", "axis"], ["counted"]),
            make.make_node("Sub", ["counted", "unit"], ["outputs"]),
        ],
        FEATURES,
        {
            "outputs": (Kind.FLOAT, ["batch", 1, "frames"]),
            "encoded_lengths": (Kind.INT64, ["batch"]),
        },
        [
            constant("one", [1], np.int64),
            constant("eight", [8], np.int64),
            constant("zeros", [0], np.int64),
            constant("ends", [1 << 30], np.int64),
            constant("last", [2], np.int64),
            constant("strides", [8], np.int64),
            constant("nought", 0, np.float32),
            constant("unit", 1, np.float32),
            constant("axis", 2, np.int64),
        ],
    )
    states = {f"input_states_{n}": (Kind.FLOAT, [1, "batch", 1]) for n in (1, 2)}
    saved(
        folder / "decoder_joint-model.onnx",
        [
            make.make_node("Cast", ["encoder_outputs"], ["frame"], to=Kind.INT64),
            make.make_node("Gather", ["table", "frame"], ["outputs"], axis=0),
            make.make_node("Identity", ["target_length"], ["prednet_lengths"]),
            *(make.make_node("Identity", [f"input_states_{n}"], [f"output_states_{n}"]) for n in (1, 2)),
        ],
        {
            "encoder_outputs": (Kind.FLOAT, ["batch", 1, "frames"]),
            "targets": (Kind.INT32, ["batch", "tokens"]),
            "target_length": (Kind.INT32, ["batch"]),
            **states,
        },
        {
            "outputs": (Kind.FLOAT, ["batch", 1, "frames", len(vocabulary) + 5]),
            "prednet_lengths": (Kind.INT32, ["batch"]),
            **{f"output_states_{n}": (Kind.FLOAT, [1, "batch", 1]) for n in (1, 2)},
        },
        [numpy_helper.from_array(table(vocabulary, SAID, durations=5), "table")],
    )
    return folder


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """NeMo's CTC layout with a vocabulary of letters, in which the space is a token."""
    said = [("h", 1), ("h", 2), ("i", 3), ("▁", 5), ("y", 7), ("o", 8), ("u", 9)]
    vocabulary = [*dict.fromkeys(token for token, _ in said), BLANK]
    folder = described(tmp_path / "letters", vocabulary, "nemo-conformer-ctc")
    rows = table(vocabulary, said, durations=0)
    rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
    saved(
        folder / "model.onnx",
        [
            make.make_node("Shape", ["audio_signal"], ["frames"], start=2),
            make.make_node("Add", ["frames", "seven"], ["up"]),
            make.make_node("Div", ["up", "eight"], ["encoded"]),
            make.make_node("Slice", ["table", "zeros", "encoded"], ["first"]),
            make.make_node("Unsqueeze", ["first", "zeros"], ["logprobs"]),
        ],
        FEATURES,
        {"logprobs": (Kind.FLOAT, ["batch", "frames", len(vocabulary)])},
        [
            constant("seven", [7], np.int64),
            constant("eight", [8], np.int64),
            constant("zeros", [0], np.int64),
            numpy_helper.from_array(rows, "table"),
        ],
    )
    return folder


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[[Path], OnnxRecogniser]:
    def load(folder: Path) -> OnnxRecogniser:
        weights = find_onnx(str(folder), tmp_path)
        return OnnxRecogniser(weights, "cpu", cpu_threads=1, workers=2, batch_size=4)

    return load


def rustle(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def test_words_have_the_times_and_confidence_of_their_tokens(
    parakeet: Path, loaded: Callable[[Path], OnnxRecogniser]
) -> None:
    [(words, *_)] = loaded(parakeet).hear([rustle(3.0)], "en")
    assert [(word.text, word.start_ms, word.end_ms) for word in words] == [
        (" Hello,", 2 * FRAME_MS, 5 * FRAME_MS + 240),
        (" big", 9 * FRAME_MS, 9 * FRAME_MS + 240),
        (" world", 20 * FRAME_MS, 23 * FRAME_MS + 240),
    ]
    certainty = math.exp(LOGIT) / (math.exp(LOGIT) + len(SAID))
    assert [word.confidence for word in words] == pytest.approx([certainty] * 3, abs=0.001)


def test_each_piece_is_heard_to_its_own_end(parakeet: Path, loaded: Callable[[Path], OnnxRecogniser]) -> None:
    heard = loaded(parakeet).hear([rustle(3.0), rustle(0.5), rustle(1.0)], "es")
    long, short, middle = (one.words for one in heard)
    assert [[word.text for word in words] for words in (long, short, middle)] == [
        [" Hello,", " big", " world"],
        [" Hello,"],
        [" Hello,", " big"],
    ]
    assert short[-1].end_ms == 500


def test_letters_become_words(letters: Path, loaded: Callable[[Path], OnnxRecogniser]) -> None:
    [(words, *_)] = loaded(letters).hear([rustle(2.0)], "en")
    assert [(word.text, word.start_ms, word.end_ms) for word in words] == [
        (" hi", FRAME_MS, 3 * FRAME_MS + 240),
        (" you", 7 * FRAME_MS, 9 * FRAME_MS + 240),
    ]


def test_results_name_the_model_and_the_hash_of_all_its_files(
    parakeet: Path, loaded: Callable[[Path], OnnxRecogniser]
) -> None:
    before = loaded(parakeet).engine
    assert (before.name, before.device) == ("parakeet", "cpu") and before.version.startswith("onnx-asr ")
    vocabulary = parakeet / "vocab.txt"
    vocabulary.write_text(vocabulary.read_text().replace("big", "bad"))
    assert loaded(parakeet).engine.weights_sha256 != before.weights_sha256
    (parakeet / "README.md").write_text("not weights")
    (parakeet / "vocab.txt").write_text(vocabulary.read_text().replace("bad", "big"))
    assert loaded(parakeet).engine.weights_sha256 == before.weights_sha256


def test_what_is_missing_is_named(parakeet: Path, loaded: Callable[[Path], OnnxRecogniser]) -> None:
    (parakeet / "decoder_joint-model.onnx").unlink()
    with pytest.raises(InvalidInput, match=r"decoder_joint-model.*Copy all files"):
        loaded(parakeet)
    (parakeet / "config.json").write_text("{}")
    with pytest.raises(InvalidInput, match="model_type"):
        loaded(parakeet)
