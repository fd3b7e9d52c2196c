"""layers.py SOURCES BUILD FOLDER:MAY-USE...: files form layers.

A room is a .c with the .h of its name, or a header without one. It uses
another if it includes that one's header, or if its object wants a symbol that
the other's defines; what is inline or a type comes with its header. That a_b
includes a.h doesn't count: it is one of the files that make what a.h describes,
and is tied to a.c only by what it calls there. Printed are circles of rooms with what ties them, and what a folder takes from a folder
that it may not know. Ends with 1 if there were any.
"""
import collections
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def sources(top, folder):
    return sorted(folder + "/" + f for f in os.listdir(os.path.join(top, folder)) if f.endswith((".c", ".h")))


def room(path):
    return path[:-2]


def included(top, path, known):
    """As the compiler looks for them: beside the file, then the folders of -iquote."""
    with open(os.path.join(top, path), encoding="utf-8") as f:
        for name in INCLUDE.findall(f.read()):
            for folder in (os.path.dirname(path), "", "common"):
                header = os.path.normpath(os.path.join(folder, name))
                if header in known:
                    yield header
                    break


def symbols(build, files):
    """Of each .c, by its object: the set of what it defines, the set of what it wants."""
    sources = [path for path in files if path.endswith(".c")]
    defines, wants = {path: set() for path in sources}, {path: set() for path in sources}
    objects = [path[:-2] + ".o" for path in sources]
    nm = subprocess.run([os.environ.get("NM", "nm"), "-A", "-P", "-g"] + objects, cwd=build,
                        stdout=subprocess.PIPE, universal_newlines=True)
    if nm.returncode:
        sys.exit("not all of these sources are built: " + build)
    for line in nm.stdout.splitlines():
        where, name, kind = line.split()[:3]
        path = where.rstrip(":")[:-2] + ".c"
        (wants if kind in "Uvw" else defines)[path].add(name)
    return defines, wants


def owner(name, path, defined):
    """The one who defines a symbol: in the same folder, or in common/, or in the only folder that has it."""
    by = defined.get(name, {})
    for folder in (os.path.dirname(path), "common"):
        if folder in by:
            return by[folder]
    return next(iter(by.values())) if len(by) == 1 else None


def uses(top, build, folders):
    """{room: {room it uses: what it takes}}"""
    files = [path for folder in folders for path in sources(top, folder)]
    known = set(files)
    ties = collections.defaultdict(lambda: collections.defaultdict(set))
    for path in files:
        ties[room(path)]
        for header in included(top, path, known):
            if not room(path).startswith(room(header) + "_"):
                ties[room(path)][room(header)].add(os.path.basename(header))
    defines, wants = symbols(build, files)
    defined = collections.defaultdict(dict)
    for path, names in defines.items():
        for name in names:
            defined[name][os.path.dirname(path)] = path
    for path, names in wants.items():
        for name in names:
            by = owner(name, path, defined)
            if by:
                ties[room(path)][room(by)].add(name)
    for name in ties:
        ties[name].pop(name, None)
    return ties


def circles(ties):
    """Strongly connected components of more than one room (Tarjan, 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(at):
        index[at] = low[at] = len(index)
        stack.append(at)
        for to in sorted(ties[at]):
            if to not in index:
                visit(to)
                low[at] = min(low[at], low[to])
            elif to in stack:
                low[at] = min(low[at], index[to])
        if low[at] == index[at]:
            cut = stack.index(at)
            found.append(sorted(stack[cut:]))
            del stack[cut:]

    for at in sorted(ties):
        if at not in index:
            visit(at)
    return [c for c in found if len(c) > 1]


def tell(ties, of, to):
    print(f"  {of} -> {to}: {', '.join(sorted(ties[of][to]))}")


def main():
    top, build = sys.argv[1:3]
    may = {f: set(m.split(",")) for f, m in (a.split(":") for a in sys.argv[3:])}
    ties = uses(top, build, may)
    found = circles(ties)
    for c in found:
        print(f"a circle of {len(c)} files: {', '.join(c)}")
        for of in c:
            for to in sorted(set(ties[of]) & set(c)):
                tell(ties, of, to)
    wrong = [(of, to) for of in sorted(ties) for to in sorted(ties[of])
             if os.path.dirname(of) != os.path.dirname(to) and os.path.dirname(to) not in may[os.path.dirname(of)]]
    if wrong:
        print("what a folder may not know:")
    for of, to in wrong:
        tell(ties, of, to)
    return 1 if found or wrong else 0


sys.setrecursionlimit(10000)
sys.exit(main())
