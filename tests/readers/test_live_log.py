"""A log is read while it is written: torn ends, files that are none, both formats."""

import os
import struct

import pytest

from aqboard.domain.evidence import CurvePoint
from aqboard.jobs.follow import reduced
from aqboard.readers.errors import ReadError
from aqboard.readers.logs.live_log import MAX_BYTES, read_live_log

CSV = b"epoch,step,train_loss_step,val_loss\n0,0,3.85,0.964\n0,10,0.7,\n0,20,nan,\n0,30,0.69,0.356\n"


def write_events(folder, rows):
    """A real event file, by TensorBoard's own writer."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    for step, values in rows:
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
        writer.add_event(Event(step=step, summary=summary))
    writer.close()
    (path,) = folder.glob("*tfevents*")
    return path


def test_rows_with_a_finite_loss_are_read_in_order(tmp_path):
    (tmp_path / "metrics.csv").write_bytes(CSV)
    assert read_live_log(tmp_path / "metrics.csv") == (
        CurvePoint(step=0, epoch=0, train_loss=3.85, val_loss=0.964),
        CurvePoint(step=10, epoch=0, train_loss=0.7),
        CurvePoint(step=30, epoch=0, train_loss=0.69, val_loss=0.356),
    )


@pytest.mark.parametrize("cut", range(len(CSV) + 1))
def test_wherever_the_file_is_torn_no_figure_is_ever_wrong(tmp_path, cut):
    path = tmp_path / "metrics.csv"
    path.write_bytes(CSV)
    whole = read_live_log(path)
    path.write_bytes(CSV[:cut])
    read = read_live_log(path)
    assert read == whole[: len(read)]


def test_an_event_file_is_read_as_far_as_it_is_whole(tmp_path):
    rows = [(step, {"train_loss": 0.7 - step / 100, "epoch": 0.0, "lr": 0.1}) for step in range(0, 50, 10)]
    rows.insert(3, (20, {"val_loss": 0.5}))
    path = write_events(tmp_path, rows)
    whole = read_live_log(path)
    assert [point.step for point in whole] == [0, 10, 20, 30, 40]
    assert [point.val_loss for point in whole] == [None, None, 0.5, None, None]
    assert whole[2].train_loss == pytest.approx(0.5)
    assert {point.epoch for point in whole} == {0}
    content = path.read_bytes()
    for cut in range(0, len(content), 7):
        path.write_bytes(content[:cut])
        read = read_live_log(path)
        assert [point.step for point in read] == [0, 10, 20, 30, 40][: len(read)]


def test_an_event_file_that_lies_is_refused(tmp_path):
    path = write_events(tmp_path, [(0, {"train_loss": 1.0})])
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    with pytest.raises(ReadError, match="not a TensorBoard event file"):
        read_live_log(path)


def test_a_record_that_claims_to_be_huge_is_not_read(tmp_path):
    path = write_events(tmp_path, [(0, {"train_loss": 1.0})])
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    head = struct.pack("<Q", 1 << 62)
    path.write_bytes(path.read_bytes() + head + struct.pack("<I", masked_crc32c(head)) + b"x" * 100)
    assert [point.step for point in read_live_log(path)] == [0]


def test_a_damaged_byte_ends_the_curve_and_never_changes_a_figure(tmp_path):
    path = write_events(tmp_path, [(step, {"train_loss": 1.0 / (step + 1)}) for step in range(20)])
    content, whole = path.read_bytes(), read_live_log(path)
    for place in range(0, len(content), 3):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        try:
            read = read_live_log(path)
        except ReadError as error:
            assert error.code == "not-an-event-file"
        else:
            assert read == whole[: len(read)]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"a,b\n1,2\n", "not-csv"), (b"\xff\xfe\n\x00\n", "not-csv"), (b"step,train_loss\n" + b'"', None)],
    ids=["no step", "binary", "open quote"],
)
def test_what_is_no_log_is_told(tmp_path, content, code):
    path = tmp_path / "metrics.csv"
    path.write_bytes(content)
    if code is None:
        assert read_live_log(path) == ()
        return
    with pytest.raises(ReadError) as told:
        read_live_log(path)
    assert told.value.code == code


def test_an_empty_file_is_a_log_that_begins_and_a_pipe_is_none(tmp_path):
    (tmp_path / "metrics.csv").touch()
    assert read_live_log(tmp_path / "metrics.csv") == ()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReadError, match="FIFO"):
        read_live_log(tmp_path / "pipe")


def test_a_log_without_end_is_read_up_to_the_limit(tmp_path, monkeypatch):
    assert MAX_BYTES >= 64 << 20
    monkeypatch.setattr("aqboard.readers.logs.live_log.MAX_BYTES", len(CSV) - 3)
    (tmp_path / "metrics.csv").write_bytes(CSV)
    assert [point.step for point in read_live_log(tmp_path / "metrics.csv")] == [0, 10]


def test_a_reduced_curve_keeps_ends_and_peaks():
    points = [CurvePoint(step=i, train_loss=1.0, val_loss=0.5 if i % 1000 == 0 else None) for i in range(10_000)]
    points[4321] = CurvePoint(step=4321, train_loss=99.0)
    points[7777] = CurvePoint(step=7777, train_loss=-5.0)
    kept = reduced(points, 100)
    assert len(kept) <= 110
    steps = [point.step for point in kept]
    assert steps == sorted(set(steps))
    assert {0, 4321, 7777, 9999} <= set(steps)
    assert {point.step for point in kept if point.val_loss is not None} == set(range(0, 10_000, 1000))
    assert reduced(points[:50], 100) == tuple(points[:50])
