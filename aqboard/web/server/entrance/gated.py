"""The dashboard behind its access token: what `aqboard serve` starts. `streamlit run app.py` is the same without."""

from starlette.middleware import Middleware
from streamlit.starlette import App

from aqboard.logs import configure
from aqboard.settings import dashboard_script, take_token
from aqboard.web.server.gate import Gate
from aqboard.web.server.login_cookies import LoginCookies

configure()
gate = Middleware(Gate, token=take_token())
app = App(dashboard_script(gated=False), middleware=[gate, Middleware(LoginCookies)])
