"""Makes mutants: copies of a module with one condition turned round or one write left out."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
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
# What stands in a condition and has a mutant of its own.
_TURNED_BY_ITSELF = ast.Compare | ast.BoolOp | ast.UnaryOp
# Nothing depends on what is only told.
_HARMLESS = ("log.", "self.log.", "self._log(", "self._warn(")


@dataclass(frozen=True)
class Mutant:
    """One change of a module.

    Attributes:
        line: Where, in the module.
        change: What was, and what is instead.
        tree: The whole module, changed.
        in_init: Whether it is in an `__init__`.
    """

    line: int
    change: str
    tree: ast.Module
    in_init: bool = False

    @property
    def name(self) -> str:
        """Line and change, for people."""
        return f"{self.line}: {self.change}"


def mutants(source: str) -> Iterator[Mutant]:
    """All mutants of a module, in the order of its lines."""
    tree = ast.parse(source)
    found = [
        _mutant(tree, path, was, becomes)
        for path, node in _nodes(tree)
        for was, becomes in _changes(node)
        if not _is_setting(path)
    ]
    yield from sorted(found, key=lambda mutant: (mutant.line, mutant.change))


Path = tuple[tuple[str, int | None], ...]


def _nodes(tree: ast.AST, path: Path = ()) -> Iterator[tuple[Path, ast.AST]]:
    """Every node with its way from the root: names of fields, and places in lists."""
    for name, value in ast.iter_fields(tree):
        children = enumerate(value) if isinstance(value, list) else [(None, value)]
        for place, child in children:
            if isinstance(child, ast.AST) and not isinstance(child, ast.expr_context):
                here = (*path, (name, place))
                yield here, child
                yield from _nodes(child, here)


def _is_setting(path: Path) -> bool:
    """Annotations and decorators are no statements."""
    return any(name in {"annotation", "returns", "decorator_list"} for name, _ in path)


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What becomes of a node, with what it was in words."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _TURNED:
        turned = copy.deepcopy(node)
        turned.ops = [_TURNED[type(node.ops[0])]()]
        yield ast.unparse(node), turned
    elif isinstance(node, ast.BoolOp):
        turned_ = copy.deepcopy(node)
        turned_.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.unparse(node), turned_
    elif (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr) and not _is_of_types(node)
    ):
        other = copy.deepcopy(node)
        other.op = ast.BitOr() if isinstance(node.op, ast.BitAnd) else ast.BitAnd()
        yield ast.unparse(node), other
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield ast.unparse(node), node.operand
    elif isinstance(node, ast.If | ast.While) and not isinstance(node.test, _TURNED_BY_ITSELF):
        turned_if = copy.deepcopy(node)
        turned_if.test = ast.UnaryOp(ast.Not(), node.test)
        yield f"if {ast.unparse(node.test)}", turned_if
    elif _is_write(node) or (isinstance(node, ast.Raise) and node.exc):
        yield ast.unparse(node), ast.Pass()


def _is_of_types(node: ast.BinOp) -> bool:
    """`Success | Failure` cannot be otherwise: the module would not load."""
    return any(
        (isinstance(side, ast.Name) and side.id[:1].isupper())
        or (isinstance(side, ast.Constant) and side.value is None)
        for side in (node.left, node.right)
    )


def _is_write(node: ast.AST) -> bool:
    """A statement that changes something outside of its function: a call, or an attribute that is set."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        return not ast.unparse(node).startswith(_HARMLESS)
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    if not isinstance(node, ast.Assign | ast.AugAssign):
        return False
    return any(isinstance(part, ast.Attribute) for target in targets if target for part in ast.walk(target))


def _mutant(tree: ast.Module, path: Path, was: str, becomes: ast.AST) -> Mutant:
    changed = copy.deepcopy(tree)
    *way, (last, place) = path
    parent: ast.AST = changed
    in_init = False
    for name, at in way:
        value = getattr(parent, name)
        parent = value if at is None else value[at]
        in_init |= isinstance(parent, ast.FunctionDef) and parent.name == "__init__"
    old = getattr(parent, last) if place is None else getattr(parent, last)[place]
    line = old.lineno
    new = ast.copy_location(copy.deepcopy(becomes), old)
    if place is None:
        setattr(parent, last, new)
    else:
        getattr(parent, last)[place] = new
    ast.fix_missing_locations(changed)
    first, _, more = was.partition("\n")
    then = "left out" if isinstance(becomes, ast.Pass) else f"-> {ast.unparse(becomes).partition(chr(10))[0]}"
    return Mutant(line, f"{first}{' …' if more else ''} {then}", changed, in_init)
