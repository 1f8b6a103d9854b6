"""aqboard stands between a team and a large training launch: it measures, judges, records who said GO."""

__version__ = "0.1.0"
