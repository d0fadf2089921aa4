"""Letters about signing in. They go out at once and are kept nowhere: they hold a secret."""

from fastapi import Request

from dashboard.dependencies import lab_of, services_of, words_of
from gateway.domain.accounts import SignInLink
from gateway.domain.people import Member
from gateway.ports.notify import Letter


def link_letter(request: Request, link: SignInLink, people: tuple[Member, ...], address: str) -> Letter:
    """The link, for whoever reads this mailbox."""
    words, lab = words_of(request), lab_of(request).name
    body = words("account.letter.text", link=address)
    names = ", ".join(member.first_name for member in people)
    return Letter(
        id=services_of(request).ids.new(), to=link.address, subject=words("account.letter.subject", lab=lab),
        text=words("notice.letter", first_name=names, body=body, lab=lab), language=words.lang, at=link.created_at,
    )  # fmt: skip
