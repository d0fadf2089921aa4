"""MQTT topic filters, read locally: which are well formed, which topics they match (MQTT 5 §4.7)."""

MAX_TOPIC_BYTES = 65_535


def is_valid_topic(topic: str) -> bool:
    """Whether a message can be published there: not empty, no wildcard, no NUL, UTF-8, not too long."""
    return not ("+" in topic or "#" in topic) and _fits(topic)


def is_valid_filter(text: str) -> bool:
    """Whether a broker must accept it: ``+`` and ``#`` stand alone in their level, ``#`` only in the last."""
    *inner, last = text.split("/")
    good = all(level == "+" or not ("+" in level or "#" in level) for level in inner)
    return good and (last in ("+", "#") or not ("+" in last or "#" in last)) and _fits(text)


def matches(text: str, topic: str) -> bool:
    """Whether the (valid) filter matches the topic; a wildcard in first place never matches ``$SYS`` and the like."""
    levels, names = text.split("/"), topic.split("/")
    if topic.startswith("$") and levels[0] in ("+", "#"):
        return False
    for i, level in enumerate(levels):
        if level == "#":
            return True
        if i >= len(names) or level not in ("+", names[i]):
            return False
    return len(levels) == len(names)


def covers(text: str, asked: str) -> bool:
    """Whether every topic of the filter (or topic) ``asked`` is one of the filter ``text``."""
    levels, names = text.split("/"), asked.split("/")
    if names[0].startswith("$") and levels[0] in ("+", "#"):
        return False
    for i, level in enumerate(levels):
        if level == "#":
            return True
        if i >= len(names) or names[i] == "#" or (names[i] == "+" and level != "+") or level not in ("+", names[i]):
            return False
    return len(levels) == len(names)


def _fits(text: str) -> bool:
    try:
        return 0 < len(text.encode()) <= MAX_TOPIC_BYTES and "\0" not in text
    except UnicodeEncodeError:
        return False
