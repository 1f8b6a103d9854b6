"""Forward pass: the shape of every module's output, and the first one that goes wrong."""

from aqboard.views import forward

forward.show()
