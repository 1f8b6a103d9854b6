"""What can go wrong in the reference model, its data and its training.

TopoFlowError (an AqboardError)
├── ConfigError     a model, data or training setting cannot be used
├── InputError      a tensor handed to the model has the wrong shape, variables, or values that are not finite
├── ScanError       a scan cache or wind field does not fit the model's grid
└── DataError       a store, year, variable or statistic is missing or has the wrong shape
"""

from aqboard.domain.errors import AqboardError


class TopoFlowError(AqboardError):
    """Anything the reference model refuses, told in one sentence."""

    code = "topoflow"


class ConfigError(TopoFlowError):
    """A setting is unknown, has the wrong type, or contradicts another one."""

    code = "config"


class InputError(TopoFlowError):
    """The model's input has a wrong shape, lacks a variable, or is not finite."""

    code = "model-input"


class ScanError(TopoFlowError):
    """A scan cache or a wind field does not fit the grid the model was built for."""

    code = "wind-scan"


class DataError(TopoFlowError):
    """A data store, a year, a variable or a normalisation statistic is missing or malformed."""

    code = "data"
