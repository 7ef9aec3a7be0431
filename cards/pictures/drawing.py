"""A process of its own that looks at an uploaded picture within bounds and draws it anew; it knows no Django.

``python -m cards.pictures.drawing``: a line of JSON and the octets of the upload come on standard input, a
line of JSON and the octets of our picture go to standard output. Whatever a picture does to its reader, it
does to this process: with little memory, seconds of processor time, no file to write and no secret to read.
"""

import json
import resource
import sys
from typing import BinaryIO

from cards.pictures.kinds import PictureKind
from cards.pictures.measuring import Unusable
from cards.pictures.photo import draw_photo
from cards.pictures.rules import picture_rules
from cards.pictures.signature import draw_signature, draw_unable


def main(given: BinaryIO, taken: BinaryIO) -> None:
    """Read one question, answer it."""
    rules = picture_rules()
    resource.setrlimit(resource.RLIMIT_AS, (rules.upload.memory_octets,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (rules.upload.seconds,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked = json.loads(given.readline())
    content = given.read(rules.upload.most_octets + 1)
    try:
        match asked:
            case {"kind": PictureKind.PHOTO.value}:
                drawn = draw_photo(content, rules)
            case {"kind": PictureKind.SIGNATURE.value, "text": str(text)} if text:
                drawn = draw_unable(text, rules)
            case _:
                drawn = draw_signature(content, rules)
    except Unusable as error:
        taken.write(json.dumps({"rule": error.rule, "facts": error.facts}).encode() + b"\n")
        return
    answer = {"width": drawn.width, "height": drawn.height, "remarks": drawn.remarks, "taken": drawn.taken_on}
    taken.write(json.dumps(answer).encode() + b"\n" + drawn.content)


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
