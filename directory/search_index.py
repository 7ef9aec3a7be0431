"""Triggers that keep the words of the search beside people, employments and units, on both databases.

Whoever writes a row, the index follows in the same transaction; nobody can forget it. Later migrations:
SQLite changes a table by making it anew, which loses its triggers and trips over those that name it. A
migration that alters ``Person``, ``Employment`` or ``Unit`` therefore begins with ``remove`` and ends with
``install``.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

TRIGGERS = (
    "search_follows_person",
    "search_follows_employment_insert",
    "search_follows_employment_update",
    "search_follows_employment_delete",
    "search_follows_unit_insert",
    "search_follows_unit_update",
    "search_follows_unit_delete",
)
_NAMES = ("search_key", "surname", "given_name", "calling_name")
_WORK = ("person_id", "organization_id", "email", "user_principal_name")
_UNIT = ("name", "organization_id")
_INSERT = "INSERT INTO directory_searchword (organization_id, key, subject_id) "
_NOTHING_TWICE = "ON CONFLICT DO NOTHING"


def install(connection: BaseDatabaseWrapper) -> None:
    """Install the triggers."""
    _run(connection, _sqlite() if connection.vendor == "sqlite" else _postgresql())


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away: while a migration alters a table."""
    tables = {"person": "directory_person", "employment": "directory_employment", "unit": "directory_unit"}
    if connection.vendor == "sqlite":
        _run(connection, [f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS])
        return
    _run(connection, [f"DROP TRIGGER IF EXISTS {one} ON {tables[one.split('_')[2]]}" for one in TRIGGERS])


def fill(connection: BaseDatabaseWrapper) -> None:
    """Write the words of everybody and every unit anew: after rows came in beside the triggers."""
    vendor = connection.vendor
    people = [f"{_INSERT} {select} {_NOTHING_TWICE}" for select in _people(vendor, "")]
    units = f"{_INSERT} {_units(vendor, '')} {_NOTHING_TWICE}"
    _run(connection, ["DELETE FROM directory_searchword", *people, units])


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _sorted(text: str, vendor: str) -> str:
    """Return SQL for text with å, ä, ö after z in the order of bytes."""
    if vendor == "sqlite":
        for letter, after_z in (("å", "{"), ("ä", "|"), ("ö", "}"), ("Å", "{"), ("Ä", "|"), ("Ö", "}")):
            text = f"replace({text}, '{letter}', '{after_z}')"
        return text
    return f"translate({text}, 'åäöÅÄÖéèáàüç', '{{|}}{{|}}eeaauc')"


def _plain(text: str, vendor: str) -> str:
    if vendor == "sqlite":
        for letter, plain in (("å", "a"), ("ä", "a"), ("ö", "o")):
            text = f"replace({text}, '{letter}', '{plain}')"
        return text
    return f"translate({text}, 'åäö', 'aao')"


def _key(kind: str, word: str, place: str, words: str, vendor: str) -> str:
    """Return SQL for the key: kind, word, 1, place, 1, and each of the words after a blank."""
    one = "char(1)" if vendor == "sqlite" else "chr(1)"
    word = _sorted(f"substr({word}, 1, 60)", vendor) if kind != "e" else word
    text = f"'{kind}' || {word} || {one} || substr({place}, 1, 160) || {one} || ' ' || {words}"
    return f"CAST({text} AS BLOB)" if vendor == "sqlite" else f"convert_to({text}, 'UTF8')"


def _parts(text: str, name: str, vendor: str) -> str:
    """Return SQL for a table ``name`` of the words in text, its only column ``value``."""
    if vendor == "sqlite":
        return f"""json_each('[' || replace(json_quote({text}), ' ', '","') || ']') {name}"""
    return f"string_to_table({text}, ' ') {name}(value)"


def _people(vendor: str, where: str) -> list[str]:
    """Return the selects of the words of people that ``where`` picks (``p`` persons, ``e`` employments)."""
    place = _sorted("lower(p.surname || ' ' || coalesce(nullif(p.calling_name, ''), p.given_name))", vendor)
    words = "trim(p.search_key)"
    people = (
        f"directory_person p JOIN directory_employment e ON e.person_id = p.id AND p.search_key <> '' {where}"
    )
    key = _key("n", "w.value", place, words, vendor)
    each = _parts(words, "w", vendor)
    chosen = f"SELECT e.organization_id, {key}, p.id"
    selects = [f"{chosen} FROM {people} CROSS JOIN {each} WHERE w.value <> ''"]
    for column in ("e.email", "e.user_principal_name"):
        key = _key("e", f"lower({column})", place, words, vendor)
        chosen = f"SELECT e.organization_id, {key}, p.id"
        selects.append(f"{chosen} FROM {people} WHERE {column} <> ''")
    return selects


def _units(vendor: str, where: str) -> str:
    """Return the select of the words of units that ``where`` picks (``u``)."""
    if vendor == "sqlite":
        folded = "lower(u.name)"
        for upper, lower in (("Å", "å"), ("Ä", "ä"), ("Ö", "ö"), ("É", "é"), ("é", "e")):
            folded = f"replace({folded}, '{upper}', '{lower}')"
        for mark in "-/,.()&:+":
            folded = f"replace({folded}, '{mark}', ' ')"
    else:
        folded = "regexp_replace(translate(lower(u.name), 'éèáàüç', 'eeaauc'), '[^[:alnum:]]+', ' ', 'g')"
    folded = f"trim({folded})"
    every = f"{folded} || ' ' || {_plain(folded, vendor)}"
    key = _key("u", "w.value", _sorted("lower(u.name)", vendor), every, vendor)
    each = _parts(every, "w", vendor)
    chosen = f"SELECT DISTINCT u.organization_id, {key}, u.id"
    return f"{chosen} FROM directory_unit u CROSS JOIN {each} WHERE w.value <> '' {where}"


def _again(vendor: str, kind: str, subject: str) -> str:
    """Return the statements that write one subject's words anew."""
    forget = f"DELETE FROM directory_searchword WHERE subject_id = {subject}; "  # noqa: S608
    if kind == "unit":
        return f"{forget}{_INSERT}{_units(vendor, f'AND u.id = {subject}')} {_NOTHING_TWICE};"
    selects = _people(vendor, f"AND p.id = {subject}")
    return forget + " ".join(f"{_INSERT}{select} {_NOTHING_TWICE};" for select in selects)


def _changed(columns: tuple[str, ...], operator: str) -> str:
    return " OR ".join(f"OLD.{one} {operator} NEW.{one}" for one in columns)


def _sqlite() -> list[str]:
    def trigger(name: str, event: str, table: str, when: str, body: str) -> str:
        return f"CREATE TRIGGER {name} AFTER {event} ON directory_{table} {when} BEGIN {body} END"

    old, new = (_again("sqlite", "person", f"{row}.person_id") for row in ("OLD", "NEW"))
    unit = _again("sqlite", "unit", "NEW.id")
    names, work, called = (f"WHEN {_changed(one, 'IS NOT')}" for one in (_NAMES, _WORK, _UNIT))
    gone = "DELETE FROM directory_searchword WHERE subject_id = OLD.id;"
    return [
        trigger(TRIGGERS[0], "UPDATE", "person", names, _again("sqlite", "person", "NEW.id")),
        trigger(TRIGGERS[1], "INSERT", "employment", "", new),
        trigger(TRIGGERS[2], "UPDATE", "employment", work, f"{old} {new}"),
        trigger(TRIGGERS[3], "DELETE", "employment", "", old),
        trigger(TRIGGERS[4], "INSERT", "unit", "", unit),
        trigger(TRIGGERS[5], "UPDATE", "unit", called, unit),
        trigger(TRIGGERS[6], "DELETE", "unit", "", gone),
    ]


def _postgresql() -> list[str]:
    def function(name: str, body: str) -> str:
        return (
            f"CREATE OR REPLACE FUNCTION directory_search_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {body} RETURN NULL; END $$"
        )

    def trigger(name: str, event: str, when: str, calls: str) -> str:
        table = name.split("_")[2]
        return (
            f"CREATE OR REPLACE TRIGGER {name} AFTER {event} ON directory_{table} FOR EACH ROW {when} "
            f"EXECUTE FUNCTION directory_search_{calls}()"
        )

    old, new = (_again("postgresql", "person", f"{row}.person_id") for row in ("OLD", "NEW"))
    names, work, called = (f"WHEN ({_changed(one, 'IS DISTINCT FROM')})" for one in (_NAMES, _WORK, _UNIT))
    return [
        function("person", _again("postgresql", "person", "NEW.id")),
        function("employed", new),
        function("moved", f"{old} {new}"),
        function("left", old),
        function("unit", _again("postgresql", "unit", "NEW.id")),
        function("no_unit", "DELETE FROM directory_searchword WHERE subject_id = OLD.id;"),
        trigger(TRIGGERS[0], "UPDATE", names, "person"),
        trigger(TRIGGERS[1], "INSERT", "", "employed"),
        trigger(TRIGGERS[2], "UPDATE", work, "moved"),
        trigger(TRIGGERS[3], "DELETE", "", "left"),
        trigger(TRIGGERS[4], "INSERT", "", "unit"),
        trigger(TRIGGERS[5], "UPDATE", called, "unit"),
        trigger(TRIGGERS[6], "DELETE", "", "no_unit"),
    ]
