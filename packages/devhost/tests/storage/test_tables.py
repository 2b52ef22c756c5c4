"""Tables against the emulator: values, conditions, paging, and batches that are all or nothing."""

from datetime import UTC, datetime

import pytest

from durable_devhost.storage.account import Conflict, NotFound, PreconditionFailed, StorageFailure
from durable_devhost.storage.tables import (
    ETAG,
    Action,
    Operation,
    Row,
    TableService,
    Value,
    read_row,
    string_literal,
    time_literal,
    write_row,
    write_time,
)

WHEN = datetime(2026, 11, 21, 4, 30, 19, 507357, tzinfo=UTC)


@pytest.fixture
async def table(tables: TableService, name: str) -> str:
    """An empty table."""
    await tables.create_table(name)
    return name


def row(key: str = "r", partition: str = "p", **values: Value) -> Row:
    """A row of partition `p` unless told otherwise."""
    return {"PartitionKey": partition, "RowKey": key, **values}


def known(found: Row | None) -> Row | None:
    """A row that was read, without what the service adds."""
    return None if found is None else {name: found[name] for name in found if name not in {ETAG, "Timestamp"}}


def test_times_have_seven_digits() -> None:
    """.NET ticks, as in every row of the real host."""
    assert write_time(WHEN) == "2026-11-21T04:30:19.5073570Z"


def test_only_types_that_json_lacks_are_annotated() -> None:
    """An int is Edm.Int32 without an annotation; None is not written."""
    assert write_row({"a": "x", "b": 1, "c": True, "d": WHEN, "e": 1.0}) == (
        b'{"a":"x","b":1,"c":true,"d":"2026-11-21T04:30:19.5073570Z","d@odata.type":"Edm.DateTime",'
        b'"e":1.0,"e@odata.type":"Edm.Double"}'
    )


def test_a_value_that_a_row_cannot_hold_is_refused() -> None:
    """It is not left out."""
    with pytest.raises(TypeError):
        write_row({"a": b"bytes"})  # type: ignore[dict-item]


def test_a_long_integer_of_another_client_is_read() -> None:
    """Edm.Int64 is sent as text."""
    assert read_row({"n": "5000000000", "n@odata.type": "Edm.Int64"}) == {"n": 5_000_000_000}


async def test_a_table_is_created_once(tables: TableService, name: str) -> None:
    """The second time it exists, after a drop it does not."""
    assert await tables.create_table(name) is True
    assert await tables.create_table(name) is False

    await tables.drop_table(name)
    await tables.drop_table(name)

    with pytest.raises(NotFound):
        await tables.insert(name, row())


async def test_every_type_reads_back_equal(tables: TableService, table: str) -> None:
    """Any text, numbers, booleans and times."""
    stored = row(text='é東\r\n\t"\\\U0001f600', empty="", number=-1, flag=True, off=False, when=WHEN, real=1.0)

    await tables.insert(table, stored)

    assert known(await tables.get(table, "p", "r")) == stored


@pytest.mark.parametrize(
    "key", ["", "it's", "a^0b^2c^3d^1e^^f 東", "@counter@k1", "x:0", "100%", "a+b&c=d", "(x)", "^À", "a,b"]
)
async def test_keys_may_hold_any_allowed_character(tables: TableService, table: str, key: str) -> None:
    """Single requests, filters and batches find the same row."""
    etag = await tables.upsert_replace(table, row("1", key, n=1))
    await tables.batch(table, [Operation(action=Action.MERGE, row=row("1", key, n=2), etag=etag)])

    page = await tables.query_page(table, filter=f"PartitionKey eq {string_literal(key)}")

    assert [known(found) for found in page.rows] == [row("1", key, n=2)]
    assert known(await tables.get(table, key, "1")) == row("1", key, n=2)


async def test_an_insert_fails_if_the_row_exists(tables: TableService, table: str) -> None:
    """409, and the row is unchanged."""
    await tables.insert(table, row(n=1))

    with pytest.raises(Conflict) as caught:
        await tables.insert(table, row(n=2))

    assert caught.value.code == "EntityAlreadyExists"
    assert known(await tables.get(table, "p", "r")) == row(n=1)


async def test_a_merge_keeps_the_other_columns_and_a_replace_drops_them(tables: TableService, table: str) -> None:
    """This is the difference between PATCH and PUT."""
    await tables.insert(table, row(a=1, b=1))

    await tables.merge(table, row(b=2))
    assert known(await tables.get(table, "p", "r")) == row(a=1, b=2)

    await tables.replace(table, row(c=3))
    assert known(await tables.get(table, "p", "r")) == row(c=3)


async def test_upserts_work_with_and_without_an_existing_row(tables: TableService, table: str) -> None:
    """They insert it or change it."""
    await tables.upsert_merge(table, row(a=1))
    await tables.upsert_merge(table, row(b=2))
    assert known(await tables.get(table, "p", "r")) == row(a=1, b=2)

    await tables.upsert_replace(table, row(c=3))
    assert known(await tables.get(table, "p", "r")) == row(c=3)


async def test_an_old_etag_is_refused(tables: TableService, table: str) -> None:
    """412 for each conditional operation, and each write gives a new etag."""
    old = await tables.insert(table, row(n=1))
    new = await tables.merge(table, row(n=2), old)
    assert new != old

    with pytest.raises(PreconditionFailed):
        await tables.merge(table, row(n=3), old)
    with pytest.raises(PreconditionFailed):
        await tables.replace(table, row(n=3), old)
    with pytest.raises(PreconditionFailed):
        await tables.delete(table, "p", "r", old)

    await tables.delete(table, "p", "r", new)
    assert await tables.get(table, "p", "r") is None


async def test_a_missing_row_cannot_be_changed(tables: TableService, table: str) -> None:
    """404, and for a read without a table too."""
    with pytest.raises(NotFound):
        await tables.merge(table, row())
    with pytest.raises(NotFound):
        await tables.delete(table, "p", "r")
    with pytest.raises(NotFound):
        await tables.get(table + "x", "p", "r")


async def test_an_etag_from_a_read_is_valid_for_a_write(tables: TableService, table: str) -> None:
    """Point reads and queries both have it."""
    await tables.insert(table, row())
    found = await tables.get(table, "p", "r")
    assert found is not None

    etag = await tables.merge(table, row(n=1), str(found[ETAG]))

    page = await tables.query_page(table)
    assert page.rows[0][ETAG] == etag


async def test_a_query_is_read_page_by_page_in_key_order(tables: TableService, table: str) -> None:
    """The continuation leads to the next page."""
    for partition in ("b", "a", "it's"):
        await tables.batch(
            table, [Operation(action=Action.INSERT, row=row(key, partition)) for key in ("2", "1", "sentinel")]
        )

    pages = [page async for page in tables.query(table, top=4)]

    keys = [(found["PartitionKey"], found["RowKey"]) for page in pages for found in page.rows]
    assert keys == [(p, r) for p in ("a", "b", "it's") for r in ("1", "2", "sentinel")]
    assert [len(page.rows) for page in pages] == [4, 4, 1]


async def test_a_query_filters_and_selects(tables: TableService, table: str) -> None:
    """Times have their own literals."""
    await tables.insert(table, row("1", when=WHEN, a=1))
    await tables.insert(table, row("2", when=WHEN.replace(year=2027), a=2))

    page = await tables.query_page(table, filter=f"when gt {time_literal(WHEN)}", select=("RowKey", "a"))

    assert [(found["RowKey"], found["a"], "when" in found) for found in page.rows] == [("2", 2, False)]
    assert page.continuation is None


async def test_a_batch_of_a_hundred_gives_an_etag_for_each(tables: TableService, table: str) -> None:
    """In order, because the next write needs the last one."""
    operations = [Operation(action=Action.INSERT, row=row(f"{n:03}", n=n)) for n in range(100)]

    etags = await tables.batch(table, operations)

    page = await tables.query_page(table)
    assert [found[ETAG] for found in page.rows] == etags


async def test_every_kind_of_operation_works_in_a_batch(tables: TableService, table: str) -> None:
    """The etag of a delete is empty."""
    for key in ("merge", "replace", "upsert", "delete"):
        await tables.insert(table, row(key, old=1))
    etag = await tables.upsert_merge(table, row("merge", old=2))

    etags = await tables.batch(
        table,
        [
            Operation(action=Action.MERGE, row=row("merge", new="é"), etag=etag),
            Operation(action=Action.REPLACE, row=row("replace", new=WHEN)),
            Operation(action=Action.UPSERT_REPLACE, row=row("upsert", new=True)),
            Operation(action=Action.UPSERT_MERGE, row=row("other", new=1)),
            Operation(action=Action.DELETE, row=row("delete")),
            Operation(action=Action.INSERT, row=row("insert")),
        ],
    )

    assert [bool(etag) for etag in etags] == [True, True, True, True, False, True]
    assert [known(found) for found in (await tables.query_page(table)).rows] == [
        row("insert"),
        row("merge", old=2, new="é"),
        row("other", new=1),
        row("replace", new=WHEN),
        row("upsert", new=True),
    ]


async def test_a_failed_batch_changes_nothing(tables: TableService, table: str) -> None:
    """It raises the error of the operation."""
    old = await tables.insert(table, row("sentinel", n=1))
    await tables.merge(table, row("sentinel", n=2))

    with pytest.raises(PreconditionFailed) as late:
        await tables.batch(
            table,
            [
                Operation(action=Action.INSERT, row=row("0")),
                Operation(action=Action.MERGE, row=row("sentinel", n=3), etag=old),
            ],
        )
    with pytest.raises(Conflict) as taken:
        await tables.batch(table, [Operation(action=Action.INSERT, row=row("sentinel"))])

    assert (late.value.code, taken.value.code) == ("UpdateConditionNotSatisfied", "EntityAlreadyExists")
    assert [known(found) for found in (await tables.query_page(table)).rows] == [row("sentinel", n=2)]


async def test_a_text_above_64_kib_is_refused(tables: TableService, table: str) -> None:
    """This is why large texts go to blobs."""
    with pytest.raises(StorageFailure) as caught:
        await tables.insert(table, row(text="x" * 40_000))

    assert caught.value.code == "PropertyValueTooLarge"
