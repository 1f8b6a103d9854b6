"""The dashboard behind its access token: what `aqboard serve` starts. `streamlit run app.py` is the same without."""

import os

from starlette.middleware import Middleware
from streamlit.starlette import App

from aqboard.location import TOKEN_VARIABLE, project_folder
from aqboard.views.gate import Gate

# Taken out of the environment: what the board starts (checks, Slurm jobs) runs other people's code.
app = App(project_folder() / "app.py", middleware=[Middleware(Gate, token=os.environ.pop(TOKEN_VARIABLE, ""))])
