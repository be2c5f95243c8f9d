"""What do the ignore rules of a stack hide, and when do they end? For programs and for people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

from tfreconcile.classify.ignoring import SOON

Plain = dict[str, object]


def summary(rules: Iterable[Mapping[str, object]], changing: Collection[str] = ()) -> Plain:
    """``{count, until, rules[]}`` of rules as ``report.ignored`` told them: resources are counted, not named.

    ``changing`` are the addresses that the pending plan changes: a plan cannot be split, so what a rule
    would hide there is not hidden, but counted as ``changed``. ``until`` is the day on which the first rule
    ends, None without any.
    """
    kept = tuple(rules)
    hidden = {address for rule in kept for address in _hides(rule)}
    until = min((str(rule["until"]) for rule in kept), default=None)
    return {
        "count": len(hidden.difference(changing)),
        "until": until,
        "rules": [{**rule, **_counts(_hides(rule), changing)} for rule in kept],
    }


def _counts(addresses: Collection[str], changing: Collection[str]) -> dict[str, int]:
    changed = sum(address in changing for address in addresses)
    return {"hides": len(addresses) - changed, "changed": changed}


def note(found: object, today: date) -> str:
    """A summary in a few words for a table; empty when there is nothing to say."""
    if not isinstance(found, Mapping) or not found["rules"]:
        return ""
    ends = f"; the next rule ends on {found['until']}" if _is_near(found["until"], today) else ""
    return f"{_count(found['count'])} ignored{ends}" if found["count"] or ends else ""


def sentences(found: object, today: date) -> Iterator[str]:
    """One sentence a rule: what it hides, until when and why, with a warning when that is near."""
    rules = found["rules"] if isinstance(found, Mapping) else []
    for rule in rules:
        hides = ", and ".join(_does(rule)) or "hides nothing now"
        named = f"{rule['address']} ({', '.join(rule['attributes'])})"
        yield f"ignore rule for {named} until {rule['until']} {hides}: {rule['why']}{_warning(rule, today)}"


def _does(rule: Mapping[str, object]) -> Iterator[str]:
    if rule["hides"]:
        yield f"hides {_count(rule['hides'])} now"
    if changed := rule["changed"]:
        them = "it" if changed == 1 else "them"
        yield f"would hide {_count(changed)}, but the pending plan changes {them} all the same"


def _warning(rule: Mapping[str, object], today: date) -> str:
    left = (date.fromisoformat(str(rule["until"])) - today).days
    if left <= 0:
        return "; it has ended, and nothing is done to the stack before it is renewed or removed"
    return f"; it ends in {_days(left)}, and stops the stack then" if left <= SOON.days else ""


def _is_near(until: object, today: date) -> bool:
    return isinstance(until, str) and date.fromisoformat(until) - today <= SOON


def _hides(rule: Mapping[str, object]) -> tuple[str, ...]:
    found = rule.get("hides")
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()


def _count(number: object) -> str:
    return "1 resource" if number == 1 else f"{number} resources"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
