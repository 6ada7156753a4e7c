#!/usr/bin/env python3
"""Checks that headers include only downwards.

    layers.py INCLUDE_DIR     the folder that holds rondo/

Layers: 0 detail/base, 1 vocabulary, 2 authoring (workflow, activity, task, registry), 3 detail/engine, 4 detail/io and
what else reaches the outside (http, curl, crypto, aws, google_auth), 5 hosts (client, worker, ...), 6 server and testing. A header may
include headers of its own layer and of lower ones.
Layers 0 to 2 know the standard library alone, layer 3 protobuf too, the others everything.
"""

import pathlib
import re
import sys

# The first pattern that matches a header's path inside rondo/ gives its layer.
LAYERS = [
    (0, r"detail/base/|name_of\.hpp|version\.hpp"),
    (2, r"detail/run/|workflow/|activity/|(task|workflow|activity|registry|describe|handlers|interceptor|plugin)\.hpp"),
    (3, r"detail/engine/|(protobuf|nlohmann)\.hpp"),
    (4, r"detail/(aws|crypto|curl|google_auth|io|http)/"),
    (6, r"(rondo|testing|dev_server)\.hpp|server/|testing/"),
    (5, r"impl/|detail/(host|client|config|worker|convert)|client/|worker/|serverless/|controller/"
        r"|codecs/|storage/|(client|config|worker|replayer|schedule|deployment|nexus|nexus_context)\.hpp"),
    (1, r"detail/[a-z_]+/|[a-z_]+\.hpp|[a-z_]+/"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
STANDARD = re.compile(r"[a-z_]+$|cxxabi\.h$")
NETWORK = re.compile(r"grpc|asio")


def layer_of(path):
    return next(layer for layer, pattern in LAYERS if re.match(pattern, path))


def faults_of(path, text, known):
    """The forbidden includes of one header, each as a sentence."""
    layer = layer_of(path)
    for included in INCLUDE.findall(text):
        if included.startswith("rondo/") and not included.endswith(".pb.h"):
            target = included.removeprefix("rondo/")
            if target not in known:
                yield f"rondo/{path} includes {included}, which does not exist"
            elif layer_of(target) > layer:
                yield f"rondo/{path} (layer {layer}) includes {included} (layer {layer_of(target)})"
        elif known & {included, str(pathlib.PurePosixPath(path).parent / included)}:
            yield f"rondo/{path} includes {included}: write <rondo/...>"
        elif layer <= 2 and not STANDARD.match(included):
            yield f"rondo/{path} (layer {layer}) includes {included}: only the standard library is allowed"
        elif layer == 3 and NETWORK.match(included):
            yield f"rondo/{path} (layer {layer}) includes {included}: the engine does no input or output"


def faults_in(folder):
    root = pathlib.Path(folder) / "rondo"
    known = {str(path.relative_to(root)) for path in root.rglob("*.hpp")}
    for path in sorted(known):
        yield from faults_of(path, (root / path).read_text(encoding="utf-8"), known)


def main():
    found = list(faults_in(sys.argv[1]))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
