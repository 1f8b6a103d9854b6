"""The demo: a small model really trained, and two attempts to launch it, really checked."""
