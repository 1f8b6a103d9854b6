"""The page that asks for the access token: plain HTML, since nothing of the dashboard runs before it."""

from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: #31333f; --paper: #fff; --line: #8a8d98; --act: #0b5fa5; --bad: #a3201d; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ededeb; --paper: #161513; --line: #7d828f; --act: #2f81c9; --bad: #ff9c97; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 "Source Sans", system-ui, sans-serif; }
main { max-width: 36rem; margin: 12vh auto 0; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; line-height: 1.2; }
code { font-size: .9em; }
label { display: block; margin-top: 1.5rem; font-weight: 600; }
form div { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: .25rem; }
input { flex: 1 1 16rem; min-width: 0; }
input, button { font: inherit; padding: .45rem .75rem; border: 1px solid var(--line); border-radius: .5rem; }
button { background: var(--act); border-color: var(--act); color: #fff; cursor: pointer; }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
[role=alert] { color: var(--bad); font-weight: 600; }
"""


def gate_page(said: str = "") -> str:
    """The whole page; `said` is what became of the last try, plain text. It names nothing of the installation."""
    alert = f'<p role="alert">❌ {escape(said)}</p>' if said else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>aqboard: access token</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>🔒 This board asks for its access token</h1>
<p>Open the link that <code>aqboard serve</code> printed in the terminal where it was started. It ends in
<code>token=</code> and the token. Or paste the link, or the token alone, here:</p>
{alert}
<form method="post">
<label for="token">Access token</label>
<div>
<input id="token" name="token" type="password" autocomplete="off" required autofocus>
<button type="submit">Open the board</button>
</div>
</form>
</main>
</body>
</html>
"""
