"""What no client may see of a server."""

import re

# A path, a line of a traceback, the name of an exception or of a source file.
INSIDES = re.compile(r"/|\.py\b|Traceback|line \d|Error\b|Exception|\bBad[A-Z]|numpy|PIL\b|cv2", re.IGNORECASE)
