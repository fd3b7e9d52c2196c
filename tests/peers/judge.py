"""What a case's script finds: check() says what doesn't hold, and finish() ends it, with 1 if there was any."""
import sys

_failed = 0


def check(what, held, *more):
    global _failed
    if not held:
        _failed += 1
        print("FAILED:", what, *more)


def finish():
    sys.exit(1 if _failed else 0)
