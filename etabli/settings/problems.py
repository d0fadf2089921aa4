"""What is wrong with a configuration: one plain sentence per problem, with the key, the value and the line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from etabli.words import Language, Sentence
from gateway.ports.errors import BadConfiguration

Loc = tuple[str | int, ...]

NOTHING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to put right; a ``warning`` does not keep the lab from starting."""

    key: str
    says: Sentence
    line: int | None = None
    warning: bool = False
    in_file: bool = True

    def sentence(self, language: Language, file: str) -> str:
        """``etabli.toml, line 12, web.port = 99999: expected a number up to 65535.``"""
        colon = " :" if language == "fr" else ":"
        if not self.in_file:
            return f"{self.key}{colon} {self.says.to(language)}"
        if self.key == file:
            return f"{file}{colon} {self.says.to(language)}"
        where = file if self.line is None else f"{file}, {'ligne' if language == 'fr' else 'line'} {self.line}"
        return f"{where}, {self.key}{colon} {self.says.to(language)}"


class Misconfigured(BadConfiguration):
    """A configuration that cannot be used, with every problem found in it."""

    def __init__(self, problems: Sequence[Problem], file: str) -> None:
        self.problems = tuple(problems)
        self.file = file
        super().__init__("\n".join(p.sentence("en", file) for p in problems))

    def sentences(self, language: Language) -> tuple[str, ...]:
        """Every problem, in the reader's language."""
        return tuple(problem.sentence(language, self.file) for problem in self.problems)


_WANTED: dict[str, tuple[str, str]] = {
    "missing": ("cette clé manque", "this key is missing"),
    "extra_forbidden": ("cette clé n'existe pas ici", "there is no such key here"),
    "int_parsing": ("il faut un nombre entier", "expected a whole number"),
    "int_type": ("il faut un nombre entier", "expected a whole number"),
    "int_from_float": ("il faut un nombre entier", "expected a whole number"),
    "float_parsing": ("il faut un nombre", "expected a number"),
    "float_type": ("il faut un nombre", "expected a number"),
    "bool_parsing": ("il faut true ou false", "expected true or false"),
    "bool_type": ("il faut true ou false", "expected true or false"),
    "string_type": ("il faut un texte entre guillemets", "expected a text in quotes"),
    "string_too_short": ("il faut un texte qui ne soit pas vide", "expected a text that is not empty"),
    "list_type": ("il faut une liste [ … ]", "expected a list [ … ]"),
    "tuple_type": ("il faut une liste [ … ]", "expected a list [ … ]"),
    "dict_type": ("il faut une table { … }", "expected a table { … }"),
    "model_type": ("il faut une table { … }", "expected a table { … }"),
    "model_attributes_type": ("il faut une table { … }", "expected a table { … }"),
    "path_type": ("il faut un chemin entre guillemets", "expected a path in quotes"),
    "url_parsing": ("il faut une adresse comme http://octopi.local", "expected an address like http://octopi.local"),
    "url_scheme": (
        "il faut une adresse qui commence par http:// ou https://",
        "expected an address that begins with http:// or https://",
    ),
    "url_login": (
        "il faut une adresse sans nom ni mot de passe : la clé est un réglage à part",
        "expected an address without a user name or password: the key is a setting of its own",
    ),
    "one_key": ("il faut une clé, dans key_file ou dans key", "expected a key in key_file, or in key, but not both"),
    "url_type": ("il faut une adresse comme http://octopi.local", "expected an address like http://octopi.local"),
    "greater_than": ("il faut plus que {gt}", "expected more than {gt}"),
    "greater_than_equal": ("il faut {ge} ou plus", "expected {ge} or more"),
    "less_than": ("il faut moins que {lt}", "expected less than {lt}"),
    "less_than_equal": ("il faut {le} ou moins", "expected {le} or less"),
    "enum": ("il faut {expected}", "expected {expected}"),
    "one_of": ("il faut un de : {expected}", "expected one of: {expected}"),
    "literal_error": ("il faut {expected}", "expected {expected}"),
    "string_pattern_mismatch": (
        "il faut des minuscules sans accent, des chiffres et des tirets à l'intérieur",
        "expected lower-case letters, digits and inner hyphens",
    ),
}


def show(value: object) -> str:
    """A value as the file would write it, short."""
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def expected(error: Any) -> Sentence:
    """What one of pydantic's errors means, in plain words."""
    kind, context = error["type"], dict(error.get("ctx") or {})
    said = context.get("error")
    if kind == "value_error" and said is not None and said.args and isinstance(said.args[0], Sentence):
        return said.args[0]
    if kind in _WANTED:
        fr, en = _WANTED[kind]
        context["expected"] = str(context.get("expected", ""))
        french = context | {"expected": context["expected"].replace(" or ", " ou ")}
        return Sentence(fr.format(**french), en.format(**context))
    text = str(said) if said is not None else str(error["msg"])
    return Sentence(f"refusé ; en anglais : {text}", text)


def dotted(loc: Iterable[str | int], data: Any = None) -> str:
    """``devices.laser.settings.port``: entries of a list go by their slug where they have one."""
    parts: list[str] = []
    for step in loc:
        data = _inside(data, step)
        slug = data.get("slug") if isinstance(step, int) and isinstance(data, dict) else None
        parts.append(str(slug) if isinstance(slug, str) else str(step + 1) if isinstance(step, int) else str(step))
    return ".".join(parts)


def _inside(data: Any, step: str | int) -> Any:
    try:
        return data[step]
    except (KeyError, IndexError, TypeError):
        return None


def at(data: Any, loc: Iterable[str | int]) -> Any:
    """The value at that place, or NOTHING."""
    for step in loc:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return NOTHING
    return data


def with_value(key: str, value: object) -> str:
    """``web.port = 99999``, or the key alone where the value says nothing."""
    return key if value is NOTHING or isinstance(value, dict | list | tuple) else f"{key} = {show(value)}"
