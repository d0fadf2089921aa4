"""``/equipe/membres/importer``: a list from elsewhere is looked at first, then written; nobody is ever deleted."""

import base64
import binascii
import zlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import UploadFile

from dashboard.accounts.above import refuse_above
from dashboard.admin.common import FormToken, Told, admin_page, go, zone_of
from dashboard.admin.members_views import HEADINGS, day_of, full_name
from dashboard.dependencies import Asked, words_of
from dashboard.staff.endpoints import Posted, role_of
from gateway.domain.members_file import MOST_BYTES, Fault, FileFault, read_day
from gateway.domain.members_plan import Addition, Change, Ends, Value
from gateway.domain.spreadsheet import written
from gateway.service.members_import import Preview, apply, preview
from gateway.wording import Words

router = APIRouter(prefix="/equipe/membres", include_in_schema=False)

SHOWN = 100
"""So many lines of each kind are shown; the counts are those of all."""
MOST_PACKED = 900_000
Count = Annotated[int | None, Query(ge=0, le=10**6)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """A member of whom the list says something else: each field, what stands here, what stands there."""

    line: int
    name: str
    id: str
    fields: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionRow:
    """Somebody new."""

    line: int
    name: str
    email: str
    until: str
    shares: str | None


async def uploaded(request: Request) -> bytes:
    """The file that was chosen; nothing when none was."""
    part = (await request.form()).get("liste")
    return await part.read(MOST_BYTES + 1) if isinstance(part, UploadFile) else b""


def packed(data: bytes) -> str | None:
    """The list as the next form carries it, so that nothing is kept here between looking and writing."""
    text = base64.b64encode(zlib.compress(data, 9)).decode()
    return text if len(text) <= MOST_PACKED else None


def unpacked(text: str) -> bytes:
    """The same list again; nothing for what was never packed here."""
    try:
        return zlib.decompressobj().decompress(base64.b64decode(text, validate=True), MOST_BYTES + 1)
    except (binascii.Error, zlib.error, ValueError):
        return b""


def ends_in(told: dict[str, str]) -> Ends:
    """When memberships end whose line does not say."""
    return Ends(on=read_day(told.get("fin", "")), year_after_order=bool(told.get("un_an")))


@router.get("/importer")
def choose(
    request: Request, token: FormToken, ajoutes: Count = None, changes: Count = None, memes: Count = None
) -> HTMLResponse:
    """The form for a list, and what became of the one before."""
    done = None if ajoutes is None else (ajoutes, changes or 0, memes or 0)
    return admin_page(request, "import.html", token, fault=None, done=done)


@router.get("/modele.csv")
def sample(request: Request, _token: FormToken) -> Response:
    """An empty list with the headings that are known."""
    columns = HEADINGS[words_of(request).lang][1:7]
    headers = {"Content-Disposition": 'attachment; filename="modele-membres.csv"', "Cache-Control": "no-store"}
    return Response(b"".join(written([columns])), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/importer", dependencies=[Posted])
def look(
    request: Request, services: Asked, token: FormToken, told: Told, data: Annotated[bytes, Depends(uploaded)]
) -> HTMLResponse:
    """What this list would change, line by line; nothing is written."""
    words, zone = words_of(request), zone_of(request)
    found = preview(services.store.views(), data, zone=zone, ends=ends_in(told))
    carried = packed(data)
    if isinstance(found, FileFault) or carried is None:
        fault = found if isinstance(found, FileFault) else FileFault.TOO_LARGE
        return admin_page(request, "import.html", token, words=words, fault=fault, done=None, status=422)
    return admin_page(
        request, "import_preview.html", token, words=words, carried=carried, told=told, **shown(found, words, zone)
    )


@router.post("/importer/appliquer", dependencies=[Posted])
def write(request: Request, services: Asked, told: Told) -> Response:
    """Write it, as things stand now; doing it twice writes nothing the second time."""
    found = preview(services.store.views(), unpacked(told.get("liste", "")), zone=zone_of(request), ends=ends_in(told))
    if isinstance(found, FileFault):
        return go("/equipe/membres/importer")
    refuse_above(request, role_of(request), {each.member.id: each.differences for each in found.plan.changed})
    apply(services.transact, services.ids, found.plan)
    plan = found.plan
    return go(
        "/equipe/membres/importer", ajoutes=str(len(plan.added)), changes=str(len(plan.changed)), memes=str(plan.same)
    )


def shown(found: Preview, words: Words, zone: ZoneInfo) -> dict[str, Any]:
    """The preview as the page shows it."""
    plan = found.plan
    return {
        "file": found.file, "plan": plan, "most": SHOWN,
        "added": [_addition(each, words, zone) for each in plan.added[:SHOWN]],
        "changed": [_change(each, words, zone) for each in plan.changed[:SHOWN]],
        "faults": [(each.line, fault_sentence(each, words)) for each in plan.faults[:SHOWN]],
    }  # fmt: skip


def fault_sentence(fault: Fault, words: Words) -> str:
    """What is wrong with one line, and what stands there."""
    return words(f"import.fault.{fault.code}", heading=fault.heading, value=fault.value, other=fault.other)


def said(value: Value, words: Words, zone: ZoneInfo) -> str:
    """A value as people read it."""
    if isinstance(value, datetime):
        return day_of(value, zone, words)
    if isinstance(value, date):
        return words.date(value)
    return value or words("import.empty")


def _addition(each: Addition, words: Words, zone: ZoneInfo) -> AdditionRow:
    values = each.values
    until = values.get("member_until")
    return AdditionRow(
        line=each.line, name=f"{values['first_name']} {values.get('last_name') or ''}".strip(),
        email=str(values.get("email") or ""), until=said(until, words, zone) if until else "", shares=each.shares,
    )  # fmt: skip


def _change(each: Change, words: Words, zone: ZoneInfo) -> ChangeRow:
    fields = tuple(
        (name, said(before, words, zone), said(after, words, zone))
        for name, (before, after) in each.differences.items()
    )
    return ChangeRow(line=each.line, name=full_name(each.member), id=each.member.id, fields=fields)
