"""The rules of lint: each next to its judge, in the file of its subject; `suite.py` lists them."""
