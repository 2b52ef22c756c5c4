"""The two things that can be wrong with a hub that another worker, or a person, has touched."""


class LostRace(Exception):
    """Another worker wrote first: what we know of the row or message is out of date and must be read again."""


class CorruptHistory(Exception):
    """A history row that cannot be understood; the instance cannot go on until a person looks at it."""

    def __init__(self, instance_id: str, row: str, reason: str) -> None:
        super().__init__(f"The history of instance '{instance_id}' cannot be read: row {row}: {reason}.")
        self.instance_id = instance_id
        self.row = row
        self.reason = reason
