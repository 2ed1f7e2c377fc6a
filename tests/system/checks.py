"""Cases, what they ran, and the report about them."""
import subprocess
import time
import traceback


class Failure(Exception):
    """A check that did not hold."""


class Skipped(Exception):
    """What a check needs is not there; it says what."""


class Suite(list):
    """The cases of one file, in order. `@CASES.case("name")` adds one; with `essential`, its failure ends the suite; with `since`,
    it is skipped for a kubectl before that version. A suite with a `kubectl` of its own names a client of tools/fetch-clients."""

    def __init__(self, namespace=None, kubectl=None):
        super().__init__()
        self.namespace, self.kubectl = namespace, kubectl

    def case(self, name, essential=False, since=(1, 0)):
        def add(function):
            self.append((name, function, essential, since))
            return function
        return add


class Ran:
    """A command that ended."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    def ok(self):
        if self.code != 0:
            raise Failure(f"exit code {self.code}, wanted 0: {self.command}")
        return self

    def fails(self, code=None):
        if self.code == 0 or (code is not None and self.code != code):
            raise Failure(f"exit code {self.code}, wanted {'a failure' if code is None else code}: {self.command}")
        return self

    def has(self, *texts):
        for text in texts:
            if text not in self.out:
                raise Failure(f"no {text!r} on stdout of: {self.command}")
        return self

    def shows(self, *texts):
        """Like has, whatever the number of spaces between words."""
        squeezed = " ".join(self.out.split())
        for text in texts:
            if text not in squeezed:
                raise Failure(f"no {text!r} (spaces aside) on stdout of: {self.command}")
        return self

    def lacks(self, *texts):
        for text in texts:
            if text in self.out:
                raise Failure(f"{text!r} on stdout of: {self.command}")
        return self

    def err_has(self, *texts):
        for text in texts:
            if text not in self.err:
                raise Failure(f"no {text!r} on stderr of: {self.command}")
        return self

    def says(self, text):
        """Stdout is exactly this, but for white space around it."""
        if self.out.strip() != text:
            raise Failure(f"stdout is {self.out.strip()!r}, wanted {text!r}: {self.command}")
        return self


def equal(actual, wanted, what):
    if actual != wanted:
        raise Failure(f"{what} is {actual!r}, wanted {wanted!r}")


def true(condition, what):
    if not condition:
        raise Failure(what)


def eventually(attempt, seconds=30, every=0.2):
    """Tries until it no longer raises Failure; the last failure when it never stops to."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except Failure as failure:
            if time.monotonic() > deadline:
                raise Failure(f"for {seconds} s: {failure}") from None
        time.sleep(every)


def needs(version):
    return "needs kubectl " + ".".join(str(part) for part in version)


class Report:
    """Prints as it goes."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def run(self, suite, cases, cluster):
        started = time.monotonic()
        broken = None
        cluster.history.clear()
        cluster.namespace = "default"
        if cases.kubectl:
            broken = self._attempt(f"{suite}: {cases.kubectl} is fetched", cluster.fetch_kubectl, cases.kubectl, cluster)
        if cases.namespace and not broken:
            broken = self._attempt(f"{suite}: namespace {cases.namespace}", cluster.make_namespace, cases.namespace, cluster)
        for name, function, essential, since in cases:
            if broken:
                self._print(f"{suite}: {name}", f"not run, because this failed: {broken}")
                continue
            if cluster.kubectl_version < since:
                self._skip(f"{suite}: {name}", needs(since))
                continue
            failed = self._attempt(f"{suite}: {name}", function, cluster, cluster)
            if failed and essential:
                broken = failed
        if cases.namespace and not broken:
            cluster.history.clear()
            cluster.kubectl(f"delete namespace {cases.namespace} --wait=false", namespace=None)
        if cases.kubectl:
            cluster.use_kubectl(None)
        print(f"# {suite}: {time.monotonic() - started:.1f} s", flush=True)

    def _attempt(self, name, function, argument, cluster):
        cluster.history.clear()
        problem = None
        try:
            function(argument)
        except Skipped as skipped:
            self._skip(name, str(skipped))
            return None
        except Failure as failure:
            problem = str(failure)
        except subprocess.TimeoutExpired as timeout:
            problem = f"not done after {timeout.timeout} s: {timeout.cmd}"
        except Exception:  # a defect of the test or an answer of an unexpected form: the report goes on
            problem = traceback.format_exc()
        self._print(name, problem, cluster.history)
        return name if problem else None

    def _skip(self, name, why):
        self.skipped += 1
        print(f"ok {self.passed + self.failed + self.skipped} {name} # SKIP {why}", flush=True)

    def _print(self, name, problem, history=()):
        number = self.passed + self.failed + self.skipped + 1
        if problem is None:
            self.passed += 1
            print(f"ok {number} {name}", flush=True)
            return
        self.failed += 1
        print(f"not ok {number} {name}\n    {problem.strip().replace(chr(10), chr(10) + '    ')}")
        blamed = [ran for ran in history if ran.command in problem]
        for ran in blamed[-1:] or list(history)[-2:]:
            print(f"    $ {ran.command}\n      exit code {ran.code}")
            for label, text in (("stdout", ran.out), ("stderr", ran.err)):
                for line in shorten(text).splitlines():
                    print(f"      {label}: {line}")
        print(end="", flush=True)


def shorten(text, lines=16, width=400):
    kept = [line if len(line) <= width else line[:width] + " ..." for line in text.splitlines()]
    if len(kept) > lines:
        kept = kept[: lines // 2] + [f"... ({len(kept) - lines} lines left out)"] + kept[-(lines - lines // 2):]
    return "\n".join(kept)
