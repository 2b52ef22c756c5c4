"""Every workflow and every kind of policy on real input, in virtual time: one timeline each.

Run it with `make demo-all`, or `python examples/demo_all.py` in the virtual environment; you may add the names of
workflows and of files in `reviews/`, to play only those. It starts a devhost, an Azurite and a small server that plays
the other systems, and ends with 0 only if each of them ended as expected.
"""

import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

from host_process import HostFailed, running_host
from neighbour import running_neighbour
from review_scenes import REVIEW_SCENES, ReviewScene
from rich.console import Console
from rich.panel import Panel
from rich.pretty import Pretty
from rich.table import Table
from scenes import SCENES, Scene
from timeline import timeline
from world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneResult:
    """How a scene went."""

    what: str
    title: str
    well: bool
    seconds: float


def main() -> int:
    """Play all scenes; returns the exit status."""
    console = Console()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    wanted = set(sys.argv[1:])
    scenes = [scene for scene in SCENES if not wanted or scene.workflow in wanted]
    reviews = [scene for scene in REVIEW_SCENES if not wanted or scene.file in wanted]
    if not scenes + reviews:
        console.print(f"There is no scene {' or '.join(sorted(wanted))}; leave the names out to play everything.")
        return 2
    try:
        with ExitStack() as running:
            with console.status("Starting Azurite, the host and the other systems on free ports ..."):
                neighbour = running.enter_context(running_neighbour())
                allowed = neighbour.url.removeprefix("http://")
                host = running.enter_context(running_host(ALLOWED_HOSTS=allowed))
            connection = host.get("/admin/devhost/info")["storage"]["connectionString"]
            world = World(host=host, neighbour=neighbour, connection=connection)
            played = [_play(console, world, scene) for scene in scenes]
            played += [_review(console, world, scene) for scene in reviews]
            return _account(console, played)
    except HostFailed as error:
        console.print(Panel(str(error), title="The demo failed", border_style="red"), markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        return 130


def _play(console: Console, world: World, scene: Scene) -> SceneResult:
    begun = time.perf_counter()
    console.rule(f"{scene.workflow}: {scene.title}", align="left")
    with console.status("running ..."):
        instance = world.start(scene.workflow, scene.form_for(world))
        scene.play(world, instance)
        ended = world.wait_for_end(instance)
    console.print(timeline("", ended["historyEvents"]))
    well = ended["runtimeStatus"] == "Completed" and scene.ended_as_it_should(ended["output"])
    console.print("   output:", style="green" if well else "bold red", end=" ")
    console.print(Pretty(ended["output"], max_length=6, max_string=60, max_depth=2), "")
    return SceneResult(what=scene.workflow, title=scene.title, well=well, seconds=time.perf_counter() - begun)


def _review(console: Console, world: World, scene: ReviewScene) -> SceneResult:
    begun = time.perf_counter()
    console.rule(f"Review of {scene.file}: {scene.title}", align="left")
    told = scene.tell_policy()
    with console.status("running ..."):
        proposal = scene.hand_in(world)
        scene.play(proposal)
        ended = proposal.wait_for_end()
    well = proposal.tell() and told and ended["status"] == scene.end
    console.print(f"   the end: {ended['status']}", "", style="green" if well else "bold red", sep="\n")
    return SceneResult(what="Review", title=scene.title, well=well, seconds=time.perf_counter() - begun)


def _account(console: Console, played: list[SceneResult]) -> int:
    table = Table("what", "scene", "ended as expected", "s", title="All of them", title_justify="left")
    for each in played:
        table.add_row(each.what, each.title, "yes" if each.well else "NO", f"{each.seconds:.1f}")
    console.print(table)
    return 0 if all(each.well for each in played) else 1


if __name__ == "__main__":
    sys.exit(main())
