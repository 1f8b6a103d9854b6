"""The order in which bash runs the parts of a syntax tree, and what becomes of each part's exit code."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tree_sitter import Node

from aqboard.lint.parse.model import Command, CommandContext

SUBSTITUTIONS = ("command_substitution", "process_substitution")


@dataclass(frozen=True, slots=True)
class Visit:
    """A node that the walk still has to visit; `emit` when everything that runs before it is done."""

    node: Node
    context: CommandContext
    sink: list[Command]
    function: bool = False
    emit: bool = False
    stdin: Node | None = None


def children(visit: Visit) -> Iterator[Visit]:
    """The children, each with what becomes of its exit code."""
    node, nodes = visit.node, visit.node.children
    condition = node.type in ("if_statement", "elif_clause", "while_statement")
    branch = node.type in ("else_clause", "case_item", "do_group")
    pipes = node.type == "pipeline"
    last = max((i for i, child in enumerate(nodes) if child.is_named), default=-1)
    for i, child in enumerate(nodes):
        if child.type in ("then", "do_group"):
            condition, branch = False, node.type != "do_group"
        if not child.is_named:
            continue
        context = visit.context
        if condition or node.type == "negated_command":
            context = replace(context, tested=True)
        elif branch:
            context = replace(context, conditional=True)
        if pipes:
            context = replace(context, pipeline=True, piped=context.piped or i < last)
        if node.type == "list":
            fallback = context.fallback or nodes[1].type == "||"
            after = replace(context, conditional=True, fallback=fallback)
            context = replace(context, tested=True) if i == 0 else after
        if i + 1 < len(nodes) and nodes[i + 1].type == "&":
            context = replace(context, background=True)
        yield replace(visit, node=child, context=context, stdin=None if i else visit.stdin)


def redirected(visit: Visit) -> Iterator[Visit]:
    """The body first, then what its here-documents and redirections substitute."""
    body = visit.node.child_by_field_name("body")
    rest = [child for child in visit.node.named_children if child != body]
    texts = [part for child in rest if child.type == "heredoc_redirect" for part in child.named_children]
    stdin = next((part for part in texts if part.type == "heredoc_body"), None)
    follows = any(part.type == "pipeline" for part in texts)
    context = replace(visit.context, pipeline=True, piped=True) if follows else visit.context
    if body is not None:
        yield replace(visit, node=body, context=context, stdin=stdin)
    for part in texts:
        if part.type == "heredoc_body":
            yield from substituted(visit, part)
        elif part.type not in ("heredoc_start", "heredoc_end", "heredoc_content"):
            yield replace(visit, node=part, stdin=None)
    yield from (replace(visit, node=child, stdin=None) for child in rest if child.type != "heredoc_redirect")


def substituted(visit: Visit, node: Node) -> Iterator[Visit]:
    """The outermost substitutions among a node's descendants: their commands run before the command itself."""
    context = replace(visit.context, substituted=True)
    stack = list(reversed(node.children))
    while stack:
        child = stack.pop()
        if child.type in SUBSTITUTIONS:
            yield Visit(child, context, visit.sink, visit.function)
        else:
            stack.extend(reversed(child.children))
