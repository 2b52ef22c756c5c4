"""One run of `durable-devhost doctor`: open the hub of an app whose host is stopped, examine it, and repair it."""

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from functools import partial
from pathlib import Path

from durable_devhost.azurite.process import data_folder, running_azurite
from durable_devhost.clock import SystemClock, VirtualClock, real_now
from durable_devhost.doctor.examination import examine
from durable_devhost.doctor.findings import Finding, Remedy
from durable_devhost.doctor.remedies import Remedies
from durable_devhost.doctor.replays import load_app
from durable_devhost.doctor.table import Printer
from durable_devhost.errors import DevhostError, SettingsError
from durable_devhost.host.accounts import Accounts, hub_name, open_hub, refusals_named
from durable_devhost.host.time_travel import stored_offset
from durable_devhost.options import DoctorOptions
from durable_devhost.settings import HostSettings
from durable_devhost.storage.account import NotFound
from durable_devhost.storage.tables import TableService
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.names import HubNames

EXIT_SOUND = 0
EXIT_DAMAGED = 1


async def visit(options: DoctorOptions, paper: Printer) -> int:
    """Examine the hub and return the exit status: 1 if damage is left, else 0.

    Raises DevhostError for problems that the user can fix, such as a host that runs on the hub.
    """
    settings = HostSettings.load(options.app_dir)
    with ExitStack() as stack:
        data = stack.enter_context(_folder_at_rest(options))
        clock = VirtualClock(stored_offset(data)) if options.start_azurite else SystemClock()
        is_own = options.start_azurite and settings.app_settings.uses_development_storage
        if is_own:
            azurite = stack.enter_context(running_azurite(data, settings.app_dir))
            settings = settings.on_storage(azurite.connection_string)
        async with AsyncExitStack() as resources:
            with refusals_named(settings.durable.connection_name):
                transport = await Accounts(settings, data if is_own else None).open(
                    resources, settings.durable.connection_name
                )
                tables = TableService(transport)
                if not await _is_there(tables, settings):
                    paper.say(f"There is no task hub {hub_name(settings)} at {transport.account.table_endpoint} yet.")
                    return EXIT_SOUND
                hub = await open_hub(settings, transport, clock)
            if not is_own:
                await _refuse_a_running_host(hub)
            found = await examine(hub, tables)
            paper.show(found, hub.names.hub, transport.account.table_endpoint)
            remedies = Remedies(hub, clock, partial(load_app, resources, options, settings, clock))
            left = await _treat(found.findings, options, remedies, paper)
    return EXIT_DAMAGED if left else EXIT_SOUND


@contextmanager
def _folder_at_rest(options: DoctorOptions) -> Iterator[Path]:
    """Lock the data folder, so that no host starts meanwhile; raises DevhostError if one runs."""
    if options.data_dir.is_dir():
        with data_folder(options.data_dir) as data:
            yield data
    elif options.start_azurite:
        raise SettingsError(
            f"There is no data folder {options.data_dir}: nothing was ever started over it. Give the app's folder, or "
            "the folder of the data with --data; --no-azurite looks at the storage that the app's settings name."
        )
    else:
        yield options.data_dir


async def _is_there(tables: TableService, settings: HostSettings) -> bool:
    """Whether the hub exists; the doctor must not create it."""
    try:
        await tables.query_page(HubNames.of_setting(hub_name(settings)).instances, top=1)
    except NotFound:
        return False
    return True


async def _refuse_a_running_host(hub: TaskHub) -> None:
    """On shared storage, leases show a running host: the messages that it holds would look lost."""
    for lease in await hub.partitions.read():
        if lease.current_owner and lease.expires_at is not None and lease.expires_at > real_now():
            left = (lease.expires_at - real_now()).total_seconds()
            raise DevhostError(
                f"A host ({lease.current_owner}) works on the hub {hub.names.hub}. Stop it; if it was killed, "
                f"its lease runs out in {left:.0f} s."
            )


async def _treat(findings: Sequence[Finding], options: DoctorOptions, remedies: Remedies, paper: Printer) -> int:
    """Apply the requested or chosen remedies; returns the number of findings left."""
    wanted = _remedies_asked_for(findings, options)
    left = 0
    for finding in findings:
        remedy = wanted.get(finding.instance_id)
        if remedy is None and not wanted:
            remedy = _choice(finding, options, paper)
        elif remedy is not None and paper.can_ask and not options.is_sure and not paper.agrees(remedy, finding):
            remedy = None
        if remedy is None:
            left += 1
            continue
        try:
            paper.say(f"{finding.instance_id}: {await remedies.carry_out(remedy, finding)}.")
        except DevhostError as error:
            left += 1
            paper.say(f"{finding.instance_id}: {error}", "red")
    return left


def _remedies_asked_for(findings: Sequence[Finding], options: DoctorOptions) -> dict[str, Remedy]:
    """The remedies that options name, by instance; raises SettingsError for one that does not fit."""
    given = {Remedy.REQUEUE: options.requeue, Remedy.TERMINATE: options.terminate, Remedy.PURGE: options.purge}
    found = {finding.instance_id: finding for finding in findings}
    wanted: dict[str, Remedy] = {}
    for remedy, ids in given.items():
        for instance_id in ids:
            if instance_id not in found:
                raise SettingsError(f"Nothing is wrong with an instance '{instance_id}', so it is not touched.")
            if remedy not in found[instance_id].ways_out or instance_id in wanted:
                ways = " or ".join(f"--{each}" for each in found[instance_id].ways_out)
                raise SettingsError(f"For '{instance_id}' give one of {ways}.")
            wanted[instance_id] = remedy
    return wanted


def _choice(finding: Finding, options: DoctorOptions, paper: Printer) -> Remedy | None:
    if options.is_sure:
        return finding.ways_out[0]
    return paper.choose(finding) if paper.can_ask else None
