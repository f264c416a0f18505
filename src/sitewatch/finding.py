"""A finding: one statement about a site, how likely it is, and what it rests on. The terms are those of ICD 203."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Literal, get_args

Kind = Literal["observed", "measured", "assessed", "reported"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Likelihood = Literal[
    "almost no chance",
    "very unlikely",
    "unlikely",
    "roughly even chance",
    "likely",
    "very likely",
    "almost certain",
]
LIKELIHOODS: tuple[Likelihood, ...] = get_args(Likelihood)
_UPPER_PERCENT = (5, 20, 45, 55, 80, 95, 99)
Confidence = Literal["low", "moderate"]
# The longest first: "likely" stands in most of the others.
_TERMS = re.compile(rf"\b({'|'.join(sorted(LIKELIHOODS, key=len, reverse=True))})\b", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Finding:
    """One statement.

    Attributes
    ----------
    kind
        observed, measured, assessed or reported.
    text
        A sentence or two. It carries the likelihood's term and never a confidence (ICD 203, D.6.e.2).
    likelihood
        Of an assessed one; None where it says only what is not known.
    confidence
        A sentence of its own with the level and its reasons; empty where the statement needs none.
    structures, scenes
        Ids of the evidence.
    assumptions
        What must hold for the statement, as sentences.
    source
        Of a reported one: who says so.
    key
        What it is about, such as ``SW-0001/dates``: the same from run to run, whatever the statement says by then.
    facts
        The values in the statement by name, in words: where one of them changes, the evidence has changed. How many
        images there are is none of them, unless the statement is about them.
    """

    kind: Kind
    text: str
    likelihood: Likelihood | None = None
    confidence: str = ""
    structures: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    source: str = ""
    key: str = ""
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)


def likelihood_term(probability: float) -> Likelihood:
    """The ICD 203 term for a probability; on the border of two the one nearer to an even chance."""
    percent = round(100 * probability, 6)
    if percent > 50:
        bracket = next((i for i, upper in enumerate(_UPPER_PERCENT) if percent <= upper), len(LIKELIHOODS) - 1)
    else:
        bracket = next(i for i, upper in enumerate(_UPPER_PERCENT) if percent < upper)
    return LIKELIHOODS[bracket]


def likelihood_words(term: Likelihood) -> str:
    """How a sentence with a likelihood begins: ``It is very likely``, ``There is a roughly even chance``."""
    if term == "roughly even chance":
        return f"There is a {term}"
    return f"There is {term}" if term == "almost no chance" else f"It is {term}"


def terms_in(text: str) -> tuple[Likelihood, ...]:
    """The likelihoods that a text names, each once."""
    return tuple(dict.fromkeys(term.lower() for term in _TERMS.findall(text)))


def fault_of(finding: Finding) -> str:
    """What stands against a statement, as a sentence; empty where nothing does.

    What is assessed carries a likelihood, in its text too, and a confidence that isn't in its text; or it says only
    what is not known, and has neither. Nothing else has them. What is reported has a source.
    """
    if not finding.text.strip():
        return "It says nothing."
    if finding.kind not in KINDS:
        return f"A finding is {', '.join(KINDS[:-1])} or {KINDS[-1]}."
    if finding.kind == "reported" and not finding.source.strip():
        return "What is reported has a source."
    if finding.kind != "assessed":
        weighed = finding.likelihood or finding.confidence
        return "Only what is assessed has a likelihood and a confidence." if weighed else ""
    if finding.likelihood and finding.likelihood not in LIKELIHOODS:
        return f"A likelihood is one of: {', '.join(LIKELIHOODS)}."
    if bool(finding.likelihood) != bool(finding.confidence):
        return "What is assessed has a likelihood and a confidence, or neither where it says what is not known."
    if terms_in(finding.text) != ((finding.likelihood,) if finding.likelihood else ()):
        return f"Its text must name its likelihood and no other: {finding.likelihood or 'none is given'}."
    if re.search(r"\bconfiden(ce|t)\b", finding.text, re.IGNORECASE):
        return "A likelihood and a confidence never stand in one sentence (ICD 203, D.6.e.2)."
    return ""
