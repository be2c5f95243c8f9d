"""Does the mirror keep its word with real git, a real server, and repositories that mean harm?"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path, PurePosixPath

import pytest
from support.repository import Repository, environment
from support.serving import git_daemon

from tfreconcile.errors import ReconcileError, Stalled, Transient, Waiting
from tfreconcile.source.git import Mirror
from tfreconcile.source.model import Revision
from tfreconcile.source.tree import EntryKind

MAIN = PurePosixPath("main.tf")


@pytest.fixture
def team(repository: Repository) -> Repository:
    """A repository with one commit."""
    repository.write({"main.tf": "# one\n", "run.sh": "#!/bin/sh\n"})
    (repository.path / "run.sh").chmod(0o755)
    repository.commit("First")
    return repository


def mirror_of(team: Repository, *, url: str = "", branch: str = "main", timeout: float = 30) -> Mirror:
    path = team.path.parent / "state" / "mirror.git"
    return Mirror(path=path, url=url or team.url, branch=branch, timeout=timeout, pause=0)


def content(mirror: Mirror, revision: Revision, path: PurePosixPath = MAIN) -> bytes:
    with mirror.tree(revision) as tree:
        return tree.read(path)


def refusal(mirror: Mirror) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        mirror.fetch()
    return caught.value


@contextmanager
def http_answering(status: int) -> Iterator[str]:
    """A web server that answers everything with one status; gives its address, with a password."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://ana:EXAMPLE-SECRET-PASSWORD@127.0.0.1:{server.server_port}/team.git"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_first_fetch_makes_the_mirror_and_gives_the_head(team: Repository) -> None:
    mirror = mirror_of(team)
    assert mirror.head() is None
    assert mirror.fetch() == mirror.head() == team.head()
    assert mirror.path.stat().st_mode & 0o777 == 0o700


def test_a_plain_path_is_an_address_too(team: Repository) -> None:
    assert mirror_of(team, url=str(team.path)).fetch() == team.head()


def test_a_git_server_is_fetched_from(team: Repository) -> None:
    with git_daemon(team.path.parent) as address:
        mirror = mirror_of(team, url=f"{address}/team")
        assert mirror.fetch() == team.head()
        absent = mirror_of(team, url=f"{address}/absent")
        assert refusal(absent).reason == "SourceDenied"


def test_the_next_fetch_brings_new_commits(team: Repository) -> None:
    mirror = mirror_of(team)
    first = mirror.fetch()
    second = team.write({"main.tf": "# two\n"}).commit()
    assert mirror.head() == first
    assert mirror.fetch() == second
    assert (content(mirror, first), content(mirror, second)) == (b"# one\n", b"# two\n")


def test_a_rewritten_branch_is_taken_as_it_is_now(team: Repository) -> None:
    mirror = mirror_of(team)
    mirror.fetch()
    team.git("commit", "--amend", "--quiet", "-m", "Other")
    assert mirror.fetch() == team.head()


def test_another_branch_of_the_same_repository_is_followed(team: Repository) -> None:
    mirror_of(team).fetch()
    team.git("switch", "--quiet", "--create", "release/1")
    released = team.write({"main.tf": "# released\n"}).commit()
    assert mirror_of(team, branch="release/1").fetch() == released


def test_a_changed_address_is_never_answered_with_the_old_one(team: Repository, tmp_path: Path) -> None:
    mirror_of(team).fetch()
    other = Repository(tmp_path / "other").write({"main.tf": "# other\n"})
    moved = mirror_of(team, url=other.url)
    revision = other.commit()
    assert moved.head() is None
    assert moved.fetch() == moved.head() == revision


def test_approval_tags_come_and_go_with_the_repository(team: Repository) -> None:
    mirror = mirror_of(team)
    tag = "tfreconcile/approve/pay/0123456789ab"
    team.git("tag", "-a", "-m", "yes", tag)
    team.git("tag", "unrelated")
    mirror.fetch()
    assert tags(mirror) == [f"refs/tags/{tag}"]
    team.git("tag", "--delete", tag)
    mirror.fetch()
    assert tags(mirror) == []


def tags(mirror: Mirror) -> list[str]:
    listed = subprocess.run(
        ["git", "--git-dir", str(mirror.path), "for-each-ref", "--format=%(refname)", "refs/tags"],
        env=environment(),
        capture_output=True,
        check=True,
        text=True,
    )
    return listed.stdout.split()


def test_a_tree_tells_kind_and_size_of_each_path(team: Repository) -> None:
    (team.path / "link").symlink_to("main.tf")
    oid = team.git("rev-parse", "HEAD")
    team.git("update-index", "--add", "--cacheinfo", f"160000,{oid},vendor/lib")
    team.git("add", "link")
    team.git("commit", "--quiet", "-m", "Links")
    mirror = mirror_of(team)
    with mirror.tree(mirror.fetch()) as tree:
        kinds = {str(path): entry.kind for path, entry in tree.entries.items()}
        assert tree.entries[MAIN].size == len(b"# one\n")
        with pytest.raises(KeyError):
            tree.read(PurePosixPath("link"))
    assert kinds == {
        "link": EntryKind.SYMLINK,
        "main.tf": EntryKind.FILE,
        "run.sh": EntryKind.EXECUTABLE,
        "vendor/lib": EntryKind.SUBMODULE,
    }


def test_names_with_newlines_and_bytes_that_are_no_text_are_kept_apart(team: Repository) -> None:
    blob = team.git("hash-object", "-w", "--stdin", stdin=b"odd")
    rows = b"".join(b"100644 blob %s\t%s\0" % (blob.encode(), name) for name in (b"a\nb", b"\xff\xfe"))
    tree = team.git("mktree", "-z", stdin=rows)
    team.git("update-ref", "refs/heads/main", team.git("commit-tree", tree, "-m", "Odd"))
    mirror = mirror_of(team)
    with mirror.tree(mirror.fetch()) as odd:
        assert [odd.read(path) for path in odd.ordered] == [b"odd", b"odd"]
        assert {str(path) for path in odd.entries} == {"a\nb", "\udcff\udcfe"}


@pytest.mark.parametrize("asked", ["0" * 40, "HEAD", "--output=/tmp/x", ""])
def test_an_unknown_revision_is_said_to_be_missing(team: Repository, asked: str) -> None:
    mirror = mirror_of(team)
    mirror.fetch()
    with pytest.raises(Stalled) as caught, mirror.tree(Revision(asked)):
        pass
    assert caught.value.reason == "RevisionMissing"


def test_a_missing_branch_is_answered_with_those_that_exist(team: Repository) -> None:
    team.git("branch", "release")
    problem = refusal(mirror_of(team, branch="mian"))
    assert isinstance(problem, Stalled)
    assert problem.reason == "BranchMissing"
    assert "'mian'" in problem.message
    assert "main, release" in problem.message


def test_an_empty_repository_is_said_to_have_no_branch(repository: Repository) -> None:
    problem = refusal(mirror_of(repository))
    assert (problem.reason, problem.message.endswith("it has no branch at all")) == ("BranchMissing", True)


def test_a_server_that_is_not_there_is_a_trouble_that_passes(team: Repository) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        problem = refusal(mirror_of(team, url=f"git://127.0.0.1:{closed.getsockname()[1]}/team"))
    assert isinstance(problem, Transient)
    assert problem.reason == "SourceUnreachable"
    assert "Connection refused" in problem.message


def test_a_server_that_never_answers_is_given_up_in_time(team: Repository) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"git://127.0.0.1:{silent.getsockname()[1]}/team"
        problem = refusal(mirror_of(team, url=url, timeout=0.5))
    assert isinstance(problem, Transient)
    assert "longer than 0.5 s" in problem.message


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, Stalled, "SourceDenied"),
        (403, Stalled, "SourceDenied"),
        (404, Stalled, "SourceDenied"),
        (503, Transient, "SourceUnreachable"),
    ],
)
def test_an_answer_of_a_web_server_is_classed_and_hides_the_password(
    team: Repository, status: int, kind: type[ReconcileError], reason: str
) -> None:
    with http_answering(status) as url:
        problem = refusal(mirror_of(team, url=url))
    assert isinstance(problem, kind), problem
    assert problem.reason == reason
    assert "EXAMPLE-SECRET-PASSWORD" not in str(problem)


def test_a_path_without_a_repository_is_refused(team: Repository, tmp_path: Path) -> None:
    assert refusal(mirror_of(team, url=str(tmp_path / "nowhere"))).reason == "SourceDenied"


@pytest.mark.parametrize(
    "form",
    [
        "--upload-pack=touch {marker}",
        "ext::sh -c 'touch {marker}'",
        "ext://sh -c 'touch {marker}'",
        "ssh://-oProxyCommand=touch%20{marker}/x",
        "ana@-oProxyCommand=touch {marker}:x",
        "fd::17",
        "",
    ],
)
def test_an_address_that_would_run_a_program_is_refused(tmp_path: Path, form: str) -> None:
    marker = tmp_path / "marker"
    url = form.format(marker=marker)
    problem = refusal(Mirror(path=tmp_path / "mirror.git", url=url, branch="main"))
    assert isinstance(problem, Stalled)
    assert problem.reason == "SourceDenied"
    assert list(tmp_path.iterdir()) == []


def test_no_hook_of_either_side_runs(team: Repository, tmp_path: Path) -> None:
    mirror = mirror_of(team)
    mirror.fetch()
    marker = tmp_path / "marker"
    names = ("reference-transaction", "post-update", "pre-auto-gc", "post-checkout", "update", "post-receive")
    for hooks in (team.path / ".git" / "hooks", mirror.path / "hooks"):
        hooks.mkdir(exist_ok=True)
        for name in names:
            (hooks / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
            (hooks / name).chmod(0o755)
    team.write({"main.tf": "# two\n"})
    team.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "-am", "Second")
    content(mirror, mirror.fetch())
    assert not marker.exists()


def test_the_configuration_of_the_host_has_no_say(
    team: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "marker"
    config = tmp_path / ".gitconfig"
    config.write_text(f'[url "ext::touch {marker} #"]\n  insteadOf = {team.url}\n[core]\n  bare = broken\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bare")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "broken")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "elsewhere"))
    mirror = mirror_of(team)
    assert content(mirror, mirror.fetch()) == b"# one\n"
    assert not marker.exists()
    assert not (tmp_path / "elsewhere").exists()


def test_a_filter_that_the_repository_asks_for_does_not_run(team: Repository) -> None:
    team.write({".gitattributes": "*.tf filter=evil export-subst\n", "main.tf": "# $Format:%H$\n"}).commit()
    mirror = mirror_of(team)
    assert content(mirror, mirror.fetch()) == b"# $Format:%H$\n"


@pytest.mark.parametrize("name", ["..", ".git", "."])
def test_a_path_that_no_honest_git_writes_is_refused(team: Repository, name: str) -> None:
    blob = team.git("hash-object", "-w", "--stdin", stdin=b"x")
    inner = b"100644 config\0" + bytes.fromhex(blob)
    tree = team.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=inner)
    outer = b"40000 " + name.encode() + b"\0" + bytes.fromhex(tree)
    evil = team.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=outer)
    team.git("update-ref", "refs/heads/main", team.git("commit-tree", evil, "-m", "Evil"))
    problem = refusal(mirror_of(team))
    assert isinstance(problem, Stalled), problem
    assert problem.reason == "SourceCorrupt"


@pytest.mark.parametrize("broken", ["HEAD", "config", "objects", "refs"])
def test_a_mirror_that_is_no_repository_any_more_is_made_anew(team: Repository, broken: str) -> None:
    mirror = mirror_of(team)
    mirror.fetch()
    damaged = mirror.path / broken
    if damaged.is_dir():
        shutil.rmtree(damaged)
    else:
        damaged.write_text("garbage [")
    assert mirror.fetch() == team.head()
    assert content(mirror, team.head()) == b"# one\n"


def test_a_broken_object_is_noticed_when_read_and_mended_by_the_next_fetch(team: Repository) -> None:
    mirror = mirror_of(team)
    revision = mirror.fetch()
    loose = loose_object(mirror.path, team.git("rev-parse", "HEAD:main.tf"))
    loose.chmod(0o600)
    loose.write_bytes(b"garbage")
    with pytest.raises(Transient) as caught, mirror.tree(revision) as tree:
        tree.read(MAIN)
    assert caught.value.reason == "SourceCorrupt"
    assert content(mirror, mirror.fetch()) == b"# one\n"


def test_an_object_that_breaks_while_a_tree_is_open_is_noticed(team: Repository) -> None:
    mirror = mirror_of(team)
    revision = mirror.fetch()
    loose = loose_object(mirror.path, team.git("rev-parse", "HEAD:main.tf"))
    with mirror.tree(revision) as tree:
        loose.unlink()
        with pytest.raises(Transient) as caught:
            tree.read(MAIN)
    assert caught.value.reason == "SourceCorrupt"
    assert "the content of main.tf cannot be read" in caught.value.message


def loose_object(repository: Path, oid: str) -> Path:
    """The file of one object, after all packs were taken apart."""
    for pack in (repository / "objects" / "pack").glob("*.pack"):
        aside = pack.rename(repository / "aside.pack")
        with aside.open("rb") as packed:
            command = ["git", "--git-dir", str(repository), "unpack-objects", "-q"]
            subprocess.run(command, stdin=packed, env=environment(), check=True)
    return repository / "objects" / oid[:2] / oid[2:]


def test_a_broken_directory_object_is_noticed_too(team: Repository) -> None:
    mirror = mirror_of(team)
    revision = mirror.fetch()
    loose_object(mirror.path, team.git("rev-parse", "HEAD^{tree}")).unlink()
    with pytest.raises(Transient) as caught, mirror.tree(revision):
        pass
    assert caught.value.reason == "SourceCorrupt"
    assert content(mirror, mirror.fetch()) == b"# one\n"


def test_locks_of_a_git_that_was_killed_do_not_stop_the_next(team: Repository) -> None:
    mirror = mirror_of(team)
    mirror.fetch()
    for name in ("packed-refs.lock", "config.lock", "refs/heads/main.lock"):
        (mirror.path / name).touch()
    second = team.write({"main.tf": "# two\n"}).commit()
    assert mirror.fetch() == second


def test_a_repository_that_breaks_over_there_leaves_the_last_good_head_here(team: Repository) -> None:
    mirror = mirror_of(team)
    first = mirror.fetch()
    team.write({"main.tf": "# two\n"}).commit()
    loose = loose_object(team.path / ".git", team.git("rev-parse", "HEAD:main.tf"))
    loose.chmod(0o600)
    loose.write_bytes(b"garbage")
    problem = refusal(mirror)
    assert isinstance(problem, Transient)
    assert "possible repository corruption on the remote side" in problem.message
    assert (mirror.head(), content(mirror, first)) == (first, b"# one\n")


def test_two_processes_fetch_into_one_mirror_without_harm(team: Repository) -> None:
    mirror = mirror_of(team)
    program = (
        "import sys; from pathlib import Path; from tfreconcile.source.git import Mirror\n"
        "m = Mirror(path=Path(sys.argv[1]), url=sys.argv[2], branch='main', timeout=60)\n"
        "print(*{m.fetch() for _ in range(3)})"
    )
    command = [sys.executable, "-c", program, str(mirror.path), mirror.url]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=60)[0].strip() for process in started]
    assert answers == [team.head()] * 2


def test_whoever_holds_the_lock_for_long_makes_the_others_wait(team: Repository) -> None:
    mirror = mirror_of(team, timeout=0.2)
    mirror.path.parent.mkdir()
    with holding(mirror.path.with_name("mirror.git.lock")):
        problem = refusal(mirror)
    assert isinstance(problem, Waiting)
    assert problem.reason == "SourceBusy"


@contextmanager
def holding(lock: Path) -> Iterator[None]:
    """Another process that holds the lock."""
    program = (
        "import fcntl, sys\nf = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX)\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.communicate()


def test_a_directory_that_cannot_be_written_is_named(team: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    mirror = Mirror(path=tmp_path / "file" / "mirror.git", url=team.url, branch="main")
    problem = refusal(mirror)
    assert (problem.reason, str(tmp_path / "file") in problem.message) == ("MirrorUnwritable", True)


def test_a_machine_without_git_is_told_so(team: Repository, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tfreconcile.source.git import Mirror\n"
        "from tfreconcile.errors import Stalled\n"
        "try: Mirror(path=Path(sys.argv[1]), url=sys.argv[2], branch='main').fetch()\n"
        "except Stalled as e: print(e.reason)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "m"), team.url]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "GitMissing"


def test_an_old_git_is_refused_by_its_version(team: Repository, tmp_path: Path) -> None:
    shim = tmp_path / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\necho git version 2.31.8\n")
    shim.chmod(0o755)
    program = (
        "import sys; from pathlib import Path; from tfreconcile.errors import Stalled\n"
        "from tfreconcile.source.git import Mirror\n"
        "try: Mirror(path=Path(sys.argv[1]), url=sys.argv[2], branch='main').fetch()\n"
        "except Stalled as error: print(error.reason, error.message)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "m"), team.url]
    path = f"{shim.parent}:/usr/bin:/bin"
    done = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "GitTooOld git 2.31 is on the PATH: install git 2.32 or newer"


def test_a_kept_commit_outlives_fetches_rewrites_and_tidying_up(team: Repository) -> None:
    mirror = mirror_of(team)
    first = mirror.fetch()
    mirror.keep("pay", first)
    mirror.keep("net", first)
    team.git("commit", "--amend", "--quiet", "-m", "Other")
    mirror.fetch()
    tidy(mirror)
    assert content(mirror, first) == b"# one\n"
    mirror.drop("pay")
    tidy(mirror)
    assert content(mirror, first) == b"# one\n"
    mirror.drop("net")
    mirror.drop("never-kept")
    tidy(mirror)
    with pytest.raises(Stalled, match="RevisionMissing"):
        content(mirror, first)


def tidy(mirror: Mirror) -> None:
    """What git does to a mirror now and then, without its weeks of grace."""
    for command in (("reflog", "expire", "--all", "--expire=now"), ("gc", "--quiet", "--prune=now")):
        subprocess.run(["git", "--git-dir", str(mirror.path), *command], env=environment(), check=True)


def test_what_is_kept_under_a_name_is_replaced_by_the_next(team: Repository) -> None:
    mirror = mirror_of(team)
    first = mirror.fetch()
    mirror.keep("pay", first)
    team.git("commit", "--amend", "--quiet", "-m", "Other")
    second = mirror.fetch()
    mirror.keep("pay", second)
    tidy(mirror)
    with pytest.raises(Stalled, match="RevisionMissing"):
        content(mirror, first)


def test_a_commit_that_is_not_there_cannot_be_kept(team: Repository) -> None:
    mirror = mirror_of(team)
    mirror.fetch()
    with pytest.raises(Stalled, match="RevisionMissing"):
        mirror.keep("pay", Revision("1" * 40))


def test_a_repository_cannot_reach_what_is_kept(team: Repository) -> None:
    mirror = mirror_of(team)
    first = mirror.fetch()
    mirror.keep("pay", first)
    second = team.write({"main.tf": "# two\n"}).commit()
    team.git("update-ref", "refs/tfreconcile/keep/pay", second)
    team.git("update-ref", "refs/tfreconcile/keep/net", second)
    mirror.fetch()
    assert kept(mirror) == {"refs/tfreconcile/keep/pay": first}


def kept(mirror: Mirror) -> dict[str, str]:
    listed = mirror.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/tfreconcile")
    return dict(row.split(" ", 1) for row in listed.text.splitlines())
