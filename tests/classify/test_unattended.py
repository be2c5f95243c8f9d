"""Are the well-known robots and assistants told from people?"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from tfreconcile.classify.unattended import WELL_KNOWN


def _fits(text: str, patterns: tuple[str, ...]) -> bool:
    """As the hazard looks: no regard to case, brackets are brackets."""
    literal = (re.sub(r"\[", "[[]", pattern).lower() for pattern in patterns)
    return any(fnmatchcase(text.lower(), pattern) for pattern in literal)


def _is_robot(name: str, email: str) -> bool:
    return any(_fits(text, WELL_KNOWN.authors) for text in (name, email, f"{name} <{email}>"))


@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"),
        ("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com"),
        ("Renovate Bot", "bot@renovateapp.com"),
        ("github-actions", "github-actions@github.com"),
        ("GitHub Actions", "actions@example.com"),
        ("snyk-bot", "snyk-bot@snyk.io"),
        ("pre-commit-ci[bot]", "66853113+pre-commit-ci[bot]@users.noreply.github.com"),
        ("semantic-release-bot", "semantic-release-bot@martynus.net"),
        ("Deploy", "deploy-bot@example.com"),
        ("bitbucket-pipelines", "commits-noreply@bitbucket.org"),
        ("project_12_bot_ab", "project_12_bot_ab@noreply.gitlab.example.com"),
        ("Jenkins", "jenkins@ci.example.com"),
        ("Terraform", "ci@example.com"),
        ("Claude", "noreply@anthropic.com"),
        ("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com"),
        ("Cursor Agent", "cursoragent@cursor.com"),
        ("Ana Silva (aider)", "ana@example.com"),
        ("deployer", "deployer@acme.iam.gserviceaccount.com"),
    ],
)
def test_a_robot_is_known(name: str, email: str) -> None:
    assert _is_robot(name, email)


@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("Ana Silva", "ana@example.com"),
        ("GitHub", "noreply@github.com"),
        ("Bo", "12345+bo@users.noreply.github.com"),
        ("Ann Abbot", "abbot@example.com"),
        ("Talbot", "r.talbot@example.com"),
        ("Claude Monet", "claude@example.fr"),
        ("Devin Booker", "devin@example.com"),
        ("Gemini Ganesan", "gemini@example.com"),
        ("Travis Barker", "travis.barker@example.com"),
        ("Robot Chicken", "b@otter.example"),
    ],
)
def test_a_person_is_no_robot(name: str, email: str) -> None:
    assert not _is_robot(name, email)


@pytest.mark.parametrize(
    ("trailer", "known"),
    [
        ("Co-authored-by: Claude <noreply@anthropic.com>", True),
        ("Co-Authored-By: Claude Opus 4 <noreply@anthropic.com>", True),
        ("Co-authored-by: Copilot <198982749+Copilot@users.noreply.github.com>", True),
        ("Co-authored-by: Cursor <cursoragent@cursor.com>", True),
        ("Co-authored-by: aider (gpt-4o) <noreply@aider.chat>", True),
        ("Co-authored-by: dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>", True),
        ("Assisted-by: Claude:claude-3-opus coccinelle", True),
        ("Generated-by: ChatGPT", True),
        ("Co-authored-by: Codex <codex@openai.com>", True),
        ("Co-authored-by: Claude Monet <claude@example.fr>", False),
        ("Co-authored-by: Bo <bo@example.com>", False),
        ("Reviewed-by: Claude <noreply@anthropic.com>", False),
        ("Assisted-by: Ana Silva <ana@example.com>", False),
        ("Signed-off-by: Ana Silva <ana@example.com>", False),
    ],
)
def test_an_assistant_is_known_by_its_line(trailer: str, known: bool) -> None:
    assert _fits(trailer, WELL_KNOWN.trailers) is known


def test_every_pattern_is_there_once_and_would_be_accepted_in_a_host_config() -> None:
    for patterns in (WELL_KNOWN.authors, WELL_KNOWN.trailers):
        assert len({pattern.lower() for pattern in patterns}) == len(patterns)
        assert all(3 < len(pattern) <= 200 and pattern == pattern.strip() for pattern in patterns)
