"""Pickles that run code, stall, or ask for memory; written opcode by opcode where pickle itself would not."""

# ruff: noqa: E501 (one case a line: a table reads better than a column)

import io
import pickle
import struct

import numpy as np
import torch

from tests.readers.hostile.cases import Case

MARKER = "aqboard-marker"  # a payload that ran leaves this file in the current folder
TOUCH = f"touch {MARKER}"

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
PREAMBLE = MAGIC + b"\x80\x02M\xe9\x03." + pickle.dumps({"little_endian": True}, 2)
PAYLOAD = f"cos\nsystem\n(S'{TOUCH}'\ntR".encode()


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments, state=None):
        self.parts = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.parts


def text(value):
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(value):
    return b"J" + struct.pack("<i", value)


def call(module, name, *arguments):
    """A call by GLOBAL and REDUCE; arguments are opcodes that push one value each."""
    return f"c{module}\n{name}\n(".encode() + b"".join(arguments) + b"tR"


def named_call(module, name, argument=TOUCH):
    content = b"\x80\x02" + call(module, name, text(argument)) + b"."
    return Case(f"call {module}.{name}", content, "unsafe-global", "unsafe-global")


RUNS = [
    named_call(*name.rsplit(".", 1))
    for name in (
        "os.system",
        "posix.system",
        "nt.system",
        "subprocess.Popen",
        "subprocess.check_output",
        "builtins.eval",
        "builtins.exec",
        "builtins.__import__",
        "builtins.open",
        "__builtin__.execfile",
        "runpy._run_code",
        "importlib.import_module",
        "numpy.testing._private.utils.runstring",
        "torch.hub.load",
        "torch.load",
        "torch.jit.load",
        "pickle.loads",
        "pty.spawn",
        "bdb.Bdb.run",
        "code.InteractiveInterpreter",
        "webbrowser.open",
        "asyncio.run",
        "socket.create_connection",
        "shutil.rmtree",
        "ctypes.CDLL",
        "operator.attrgetter",
        "dill.loads",
        "io.open",
        "logging.config.listen",
    )
]

INNER_PAYLOAD = PREAMBLE + b"\x80\x02" + PAYLOAD + b"." + pickle.dumps([], 2)
NESTED_INNER = (
    PREAMBLE + b"\x80\x02" + call("torch.storage", "_load_from_bytes", b"U\x01x") + b"." + pickle.dumps([], 2)
)


def inner(content):
    """A tensor whose storage stream is `content`."""
    return b"\x80\x04ctorch.storage\n_load_from_bytes\nB" + struct.pack("<I", len(content)) + content + b"\x85R."


def instance(state):
    """An instance of the scanner class with pickled state."""
    return b"\x80\x02csrc.wind_scanning_cached\nCachedWindScanning\n)\x81" + state + b"b."


HIDDEN = [
    Case("reduce protocol 0", PAYLOAD + b".", "unsafe-global", "unsafe-global"),
    Case("reduce protocol 4", pickle.dumps(Calls(eval, "1"), 4), "unsafe-global", "unsafe-global"),
    Case("reduce protocol 5", pickle.dumps({"grid_h": Calls(exec, TOUCH)}, 5), "unsafe-global", "unsafe-global"),
    Case("obj opcode", f"(cos\nsystem\nS'{TOUCH}'\no.".encode(), "unsafe-global", "unsafe-global"),
    Case("inst opcode", f"(S'{TOUCH}'\nios\nsystem\n.".encode(), "unsafe-opcode", "unsafe-opcode"),
    Case("build with payload state", instance(PAYLOAD), "unsafe-global", "unsafe-global"),
    Case(
        "name from memo",
        b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940" + b"h\x00h\x01\x93\x8c\x01x\x85R.",
        "unsafe-global",
        "unsafe-global",
    ),
    Case("dotted name", b"\x80\x04\x8c\x05torch\x8c\x10serialization.os\x93.", "unknown-global", "no-tensors"),
    Case("name with newline", b"\x80\x04\x8c\x08os\nx.y.z\x8c\x06system\x93.", "bad-global", "bad-global"),
    Case("name is a number", b"\x80\x04K\x01K\x02\x93.", "bad-global", "bad-global"),
    Case("payload in inner storage", inner(INNER_PAYLOAD), "unsafe-global", "unsafe-global"),
    Case("inner storage is a pickle", inner(PAYLOAD + b"."), "bad-call", "bad-call"),
    Case("inner storage in inner storage", inner(NESTED_INNER), "unknown-global", "unknown-global"),
    Case("call of a string", b"\x80\x02X\x01\x00\x00\x00x)R.", "bad-call", "bad-call"),
    Case("call of a result", b"\x80\x02ccollections\nOrderedDict\n)R)R.", "bad-call", "bad-call"),
    Case("extension code", b"\x80\x02\x82\x01.", "unsafe-opcode", "unsafe-opcode"),
    Case("persistent id as text", b"Pfile:///etc/passwd\n.", "unsafe-opcode", "unsafe-opcode"),
    Case("persistent id outside torch", b"\x80\x02)Q.", "unsafe-opcode", "unsafe-opcode"),
    Case("out-of-band buffer", b"\x80\x05\x97.", "unsafe-opcode", "unsafe-opcode"),
    Case("second pickle after STOP", b"\x80\x02}." + PAYLOAD + b".", "trailing", "trailing"),
    Case("unknown class in a cache", b"\x80\x02cmy.code\nThing\n)\x81.", "unknown-global", "no-tensors"),
    Case("numpy objects", pickle.dumps({"a": np.array([{}, None])}, 4), "numpy-object", "numpy-object"),
]


def shared_tuples(depth):
    """t = (t, t), `depth` times: a hash of it takes 2^depth steps."""
    return b")" + b"2\x86" * depth


def colliding(count):
    """A dict of integers that all hash to zero."""
    keys = b"".join(b"\x8a\x0a" + (index * ((1 << 61) - 1)).to_bytes(10, "little") + b"N" for index in range(1, count))
    return b"\x80\x02}(" + keys + b"u."


def copies(make, argument, count):
    """One argument, remembered once, passed to a copying call again and again."""
    once = f"c{make.replace(':', chr(10))}\n".encode()
    return b"\x80\x02" + argument + b"q\x000](" + (once + b"h\x00\x85R") * count + b"e."


LONG_LIST = b"](" + b"K\x01" * 50_000 + b"e"
LONG_TEXT = text("x" * 2_000_000)
with io.BytesIO() as _stream:
    torch.save(torch.arange(200_000), _stream, _use_new_zipfile_serialization=False)
    LEGACY_STREAM = _stream.getvalue()
INNER_STREAMS = (
    b"\x80\x04B"
    + struct.pack("<I", len(LEGACY_STREAM))
    + LEGACY_STREAM
    + b"q\x000]("
    + b"ctorch.storage\n_load_from_bytes\nh\x00\x85R" * 200
    + b"e."
)

BOMBS = [
    Case("memo index of four billion", b"\x80\x02Nr\xff\xff\xff\xff.", "not-a-cache", "no-tensors"),
    Case("bytes of 4 GB promised", b"\x80\x03B\xff\xff\xff\xffabc.", "truncated", "truncated"),
    Case("bytes of 2^63 promised", b"\x80\x04\x8e" + b"\xff" * 8 + b"abc.", "truncated", "truncated"),
    Case("text of 2^40 promised", b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b"abc.", "truncated", "truncated"),
    Case("bytearray of 2^40 promised", b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"abc.", "truncated", "truncated"),
    Case("negative length", b"\x80\x02T\xff\xff\xff\xffabc.", "truncated", "truncated"),
    Case("integer of 2 GB promised", b"\x80\x02\x8b\xff\xff\xff\x7fabc.", "bomb", "bomb"),
    Case("integer of a million digits", b"I" + b"9" * 1_000_000 + b"\n.", "bomb", "bomb"),
    Case("long of a million digits", b"L" + b"9" * 1_000_000 + b"L\n.", "bomb", "bomb"),
    Case("frame of 2^60 promised", b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"N.", "truncated", "truncated"),
    Case("hash bomb of shared tuples", b"\x80\x02}" + shared_tuples(60) + b"Ns.", "bad-key", "bad-key"),
    Case("hash bomb in a set", b"\x80\x04\x8f(" + shared_tuples(60) + b"\x90.", "bad-key", "bad-key"),
    Case("hash bomb in a frozenset", b"\x80\x04(" + shared_tuples(60) + b"\x91.", "bad-key", "bad-key"),
    Case("colliding integers", colliding(20_000), "bad-key", "bad-key"),
    Case("many tuples as keys", pickle.dumps({(i, i): 0 for i in range(2_000)}, 2), "bomb", "bomb"),
    Case("list as key", b"\x80\x02}]Ns.", "bad-key", "bad-key"),
    Case("lists nested 300 000 deep", b"]" * 300_000 + b"a" * 299_999 + b".", "too-deep", "too-deep"),
    Case("tuples nested 300 000 deep", b"\x80\x02)" + b"\x85" * 300_000 + b".", "too-deep", "too-deep"),
    Case("dicts nested 100 000 deep", b"\x80\x02" + b"}K\x00" * 100_000 + b"N" + b"s" * 100_000 + b".", "too-deep", "too-deep"),
    Case("list that contains itself", b"\x80\x02]q\x00h\x00a.", "too-deep", "too-deep"),
    Case("aliased lists, 10^30 leaves", b"\x80\x02](NNe" + b"".join(b"q%c0](" % i + b"h%c" % i * 9 + b"e" for i in range(1, 31)) + b".", "not-a-cache", "no-tensors"),
    Case("six million opcodes", b"\x80\x02N" + b"N0" * 3_000_000 + b".", "too-many-opcodes", "too-many-opcodes"),
    Case("two million dicts", b"\x80\x02(" + b"}" * 2_000_000 + b"l.", "bomb", "bomb"),
    Case("bytes copied from one text", copies("_codecs:encode", b"(" + LONG_TEXT + text("latin1") + b"t", 400).replace(b"h\x00\x85R", b"h\x00R"), "bomb", "bomb"),
    Case("sets copied from one list", copies("builtins:set", LONG_LIST, 400), "bomb", "bomb"),
    Case("sizes copied from one list", copies("torch:Size", LONG_LIST, 400), "bomb", "bomb"),
    Case("ordered dicts copied from one list", copies("collections:OrderedDict", pickle.dumps([(i, i) for i in range(20_000)], 2)[2:-1], 400), "bomb", "bomb"),
    Case("bytearray of a billion", b"\x80\x02" + call("builtins", "bytearray", number(1_000_000_000)) + b".", "bad-call", "bad-call"),
    Case("bytes of a billion", b"\x80\x02" + call("builtins", "bytes", number(1_000_000_000)) + b".", "bad-call", "bad-call"),
    Case("range of a billion", b"\x80\x02" + call("builtins", "range", number(1_000_000_000)) + b".", "unknown-global", "no-tensors"),
    Case("inner streams from one text", INNER_STREAMS, "bomb", "bomb"),
]  # fmt: skip

BROKEN = [
    Case("stack underflow", b"\x80\x02\x85.", "malformed", "malformed"),
    Case("nothing but STOP", b"\x80\x02.", "malformed", "malformed"),
    Case("two values at STOP", b"\x80\x02NN.", "malformed", "malformed"),
    Case("mark left over", b"\x80\x02(N.", "malformed", "malformed"),
    Case("mark missing", b"\x80\x02Nt.", "malformed", "malformed"),
    Case("memo never filled", b"\x80\x02h\x07.", "malformed", "malformed"),
    Case("no such opcode", b"\x80\x02\xff.", "malformed", "malformed"),
    Case("no such protocol", b"\x80\x09N.", "malformed", "malformed"),
    Case("no STOP", b"\x80\x02N", "truncated", "truncated"),
    Case("key without value", b"\x80\x02}(Nu.", "malformed", "malformed"),
    Case("append to a number", b"\x80\x02K\x01Na.", "malformed", "malformed"),
    Case("item of a number", b"\x80\x02K\x01NNs.", "malformed", "malformed"),
    Case("state for a number", b"\x80\x02K\x01Nb.", "bad-call", "bad-call"),
    Case("text that is not UTF-8", b"\x80\x02X\x02\x00\x00\x00\xff\xfe.", "malformed", "malformed"),
    Case("number that is none", b"\x80\x02Iabc\n.", "malformed", "malformed"),
    Case("text line without end", b"S'abc", "not-pickle", "not-pickle"),
    Case("dtype of objects", b"\x80\x02" + call("numpy", "dtype", text("O8")) + b".", "numpy-object", "numpy-object"),
    Case("array longer than its bytes", b"\x80\x02" + call("numpy._core.numeric", "_frombuffer", b"C\x04abcd", call("numpy", "dtype", text("i8")), b"K\x05\x85", text("C")) + b".", "bad-array", "bad-array"),
    Case("array without content", b"\x80\x02}X\x01\x00\x00\x00a" + call("numpy._core.multiarray", "_reconstruct") + b"s.", "bad-array", "bad-array"),
    Case("tensor without storage", b"\x80\x02" + call("torch._utils", "_rebuild_tensor_v2", b"N", b"K\x00", b")", b")") + b".", "bad-tensor", "bad-tensor"),
    Case("tensor with two arguments", b"\x80\x02" + call("torch._utils", "_rebuild_tensor_v2", b"N", b"K\x00") + b".", "malformed", "malformed"),
    Case("encode to another alphabet", b"\x80\x02" + call("_codecs", "encode", text("abc"), text("rot13")) + b".", "bad-call", "bad-call"),
    Case("ordered dict of numbers", b"\x80\x02" + call("collections", "OrderedDict", b"](K\x01e") + b".", "bad-call", "bad-call"),
    Case("instance of a string class", b"\x80\x02" + call("copyreg", "_reconstructor", b"cbuiltins\nstr\n", b"cbuiltins\nstr\n", b"N") + b".", "bad-call", "bad-call"),
]  # fmt: skip

CASES = (*RUNS, *HIDDEN, *BOMBS, *BROKEN)
