"""The dashboard behind its access token: what `aqboard serve` starts. `streamlit run app.py` is the same without."""

import os

from starlette.middleware import Middleware
from streamlit.starlette import App

from aqboard.location import TOKEN_VARIABLE, dashboard_script
from aqboard.web.server.gate import Gate
from aqboard.web.server.kept import Kept

# Taken out of the environment: what the board starts (checks, Slurm jobs) runs other people's code.
gate = Middleware(Gate, token=os.environ.pop(TOKEN_VARIABLE, ""))
app = App(dashboard_script(gated=False), middleware=[gate, Middleware(Kept)])
