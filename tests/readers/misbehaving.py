"""Readers that misbehave, to show what the second wall makes of each. Run in its children only."""

import os
import time

from aqboard.domain.cache import CacheDigests


def hang(path):
    time.sleep(60)


def spin(path):
    while True:
        pass


def eat(path):
    return bytearray(8 << 30)


def crash(path):
    os.abort()


def leave(path):
    os._exit(7)


def chatter(path):
    print("not JSON")
    return CacheDigests(global_orders="", regional_orders="", metadata="", content="")


def answer(path):
    return CacheDigests(global_orders="a", regional_orders="b", metadata="c", content=os.environ["OMP_NUM_THREADS"])


def modules(path):
    import sys

    heavy = {"torch", "lightning", "pandas", "streamlit"} & set(sys.modules)
    return CacheDigests(global_orders="", regional_orders="", metadata="", content=",".join(sorted(heavy)))
