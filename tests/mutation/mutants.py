"""Small faults, each put into one place of a source file."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

_OTHER_COMPARISON: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OTHER_OPERATOR: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


#: The line of a fault, what it does, and what puts it there.
Place = tuple[int, str, Callable[[], None]]


@dataclass(frozen=True)
class Mutant:
    """One fault: where it is, what it does, and the module's code with it."""

    path: Path
    line: int
    says: str
    #: Name and first line of the function that it is in.
    function: tuple[str, int]
    #: Of the whole module.
    code: CodeType


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield every fault that can be put into the functions of a file."""
    source = path.read_text("utf-8")
    for function in _functions(ast.parse(source)):
        # Decorators stand before the line of "def", and Python counts from the first of them.
        first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
        for number in range(_count(function)):
            tree = ast.parse(source)
            mutated = next(
                one
                for one in _functions(tree)
                if (one.name, one.lineno) == (function.name, function.lineno)
            )
            line, says = _apply(mutated, number)
            code = compile(ast.fix_missing_locations(tree), str(path), "exec")
            yield Mutant(path, line, says, (function.name, first), code)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yield the functions that are in no other function."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from (one for one in node.body if isinstance(one, ast.FunctionDef))


def _count(function: ast.FunctionDef) -> int:
    return sum(1 for _ in _places(function))


def _apply(function: ast.FunctionDef, number: int) -> tuple[int, str]:
    for place, (line, says, change) in enumerate(_places(function)):
        if place == number:
            change()
            return line, says
    raise LookupError(number)


def _places(function: ast.FunctionDef) -> Iterator[Place]:
    """Yield the faults of a function: line, what it does, and what puts it there."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    for statement in body:
        for node in _evaluated(statement):
            yield from _of_node(node)
    yield from _of_blocks(function)


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and what is in it, without the annotations: nobody evaluates those of locals."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.AnnAssign) and child is node.annotation):
            yield from _evaluated(child)


def _of_node(node: ast.AST) -> Iterator[Place]:
    for kinds, places in _PLACES.items():
        if isinstance(node, kinds):
            yield from places(node)


def _of_comparison(node: ast.Compare) -> Iterator[Place]:
    for index, operator in enumerate(node.ops):
        other = _OTHER_COMPARISON[type(operator)]
        says = f"{type(operator).__name__} is {other.__name__}"
        yield node.lineno, says, _setter(node.ops, index, other())


def _of_and_or(node: ast.BoolOp) -> Iterator[Place]:
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield (
        node.lineno,
        f"{type(node.op).__name__} is {other.__name__}",
        _attribute(node, "op", other()),
    )


def _of_operator(node: ast.BinOp | ast.AugAssign) -> Iterator[Place]:
    other = _OTHER_OPERATOR.get(type(node.op))
    if other:
        says = f"{type(node.op).__name__} is {other.__name__}"
        yield node.lineno, says, _attribute(node, "op", other())


def _of_not(node: ast.UnaryOp) -> Iterator[Place]:
    if isinstance(node.op, ast.Not):
        twice = ast.copy_location(ast.UnaryOp(ast.Not(), node.operand), node.operand)
        yield node.lineno, "no not", _attribute(node, "operand", twice)


def _of_condition(node: ast.If | ast.IfExp | ast.While) -> Iterator[Place]:
    # "while True" would never end.
    for value in (False,) if isinstance(node, ast.While) else (True, False):
        test = ast.copy_location(ast.Constant(value), node.test)
        yield node.test.lineno, f"{type(node).__name__} {value}", _attribute(node, "test", test)


def _of_return(node: ast.Return) -> Iterator[Place]:
    if node.value is not None and getattr(node.value, "value", "") is not None:
        nothing = ast.copy_location(ast.Constant(None), node)
        yield node.lineno, "returns None", _attribute(node, "value", nothing)


def _of_argument(node: ast.keyword) -> Iterator[Place]:
    if getattr(node.value, "value", "") is None:
        return
    nothing = ast.copy_location(ast.Constant(None), node.value)
    yield node.value.lineno, f"{node.arg}=None", _attribute(node, "value", nothing)


def _of_constant(node: ast.Constant) -> Iterator[Place]:
    value = node.value
    if isinstance(value, bool):
        yield node.lineno, f"{value} is {not value}", _attribute(node, "value", not value)
    elif isinstance(value, int):
        yield node.lineno, f"{value} is {value + 1}", _attribute(node, "value", value + 1)
    elif isinstance(value, str) and value:
        yield node.lineno, f"{value!r} is 'XX'", _attribute(node, "value", "XX")


def _of_blocks(function: ast.FunctionDef) -> Iterator[Place]:
    """Yield each statement that can be left out."""
    for node in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if not isinstance(block, list):
                continue
            for index, statement in enumerate(block):
                is_call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
                if is_call or isinstance(statement, ast.Raise | ast.AugAssign | ast.Delete):
                    left_out = ast.copy_location(ast.Pass(), statement)
                    yield statement.lineno, "left out", _setter(block, index, left_out)


_PLACES: dict[Any, Callable[[Any], Iterator[Place]]] = {
    ast.Compare: _of_comparison,
    ast.BoolOp: _of_and_or,
    (ast.BinOp, ast.AugAssign): _of_operator,
    ast.UnaryOp: _of_not,
    ast.Constant: _of_constant,
    (ast.If, ast.IfExp, ast.While): _of_condition,
    ast.Return: _of_return,
    ast.keyword: _of_argument,
}


def _setter(items: list[Any], index: int, value: object) -> Callable[[], None]:
    return lambda: items.__setitem__(index, value)


def _attribute(node: ast.AST, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, name, value)
