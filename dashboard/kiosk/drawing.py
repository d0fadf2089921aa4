"""The one piece of a kiosk that the live stream keeps as it is."""

from collections.abc import Mapping

from dashboard.channels import Draw, Scene
from dashboard.kiosk.pairing import Kiosk
from dashboard.kiosk.views import face_of
from dashboard.kiosk.welcome import face as at_the_door
from dashboard.rendering import fragment
from gateway.wording import Words


def draw_kiosk(kiosk: Kiosk, lang: str) -> Draw:
    """The one piece of a kiosk."""

    def draw(scene: Scene) -> Mapping[str, str]:
        shown = {slug: scene.resources[slug] for slug in kiosk.resources if slug in scene.resources}
        words, tap = Words(lang, zone=scene.lab.timezone, now=scene.now), kiosk.last_tap(scene.views, shown)
        if kiosk.welcome:
            now = at_the_door(tap, scene.views, scene.lab, words, scene.now, 0)
        elif shown:
            now = face_of(kiosk, shown, tap, scene.views, words, scene.now)
        else:
            return {}
        newest = tap.event.id if tap else 0
        return {"kiosk": fragment("kiosk/face.html", words, face=now, slug=kiosk.slug, newest=newest)}

    return draw
