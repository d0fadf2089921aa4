"""The `etabli` command."""

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from etabli.commands.console import Speech, complain, sentences_of
from etabli.settings.environment import config_file, ui_language
from etabli.words import Language, Sentence
from gateway.domain.people import Role
from gateway.ports.errors import EtabliError

Json = Annotated[bool, typer.Option("--json", help="JSON")]


def app(arguments: Sequence[str] | None = None) -> None:
    """Run the command; whatever goes wrong is one plain sentence and an exit code, never a trace."""
    given = _common_first(sys.argv[1:] if arguments is None else arguments)
    language = ui_language(_asked_language(given))
    try:
        code = typer.main.get_command(build(language)).main(given, prog_name="etabli", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except EtabliError as error:
        complain(sentences_of(error, language))
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except Exception as error:
        # The last net. Click's own errors know how they want to be shown; anything else is ours to answer for.
        sys.exit(_unforeseen(error, given, language))


def _unforeseen(error: Exception, given: Sequence[str], language: Language) -> int:
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if callable(show) and isinstance(code, int):
        show()
        return code
    if isinstance(error, BrokenPipeError):
        return 0
    if "--verbose" in given or "-v" in given:
        raise error
    told = Sentence(
        f"Erreur imprévue : {type(error).__name__}, {error}. Avec --verbose, la commande dit où.",
        f"An unforeseen error: {type(error).__name__}, {error}. With --verbose the command says where.",
    )
    complain([told.to(language)])
    return 1


def _common_first(given: Sequence[str]) -> list[str]:
    """``etabli run -c lab.toml`` is what people type: the common options may follow the command's name."""
    common, rest = list[str](), list[str]()
    words = iter(given)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in ("-c", "--config", "--lang"):
            value = list(islice(words, 1))
            if not value:
                return [word]  # its value is missing, and that is all there is to say
            common += [word, *value]
        elif word in ("-v", "--verbose") or word.startswith(("--config=", "--lang=")):
            common.append(word)
        else:
            rest.append(word)
    return common + rest


def _asked_language(given: Sequence[str]) -> str | None:
    for place, word in enumerate(given):
        if word == "--lang" and place + 1 < len(given):
            return given[place + 1]
        if word.startswith("--lang="):
            return word.partition("=")[2]
    return None


def build(language: Language) -> typer.Typer:
    """The whole command in one language."""

    def words(fr: str, en: str) -> str:
        return fr if language == "fr" else en

    cli = typer.Typer(
        no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
        help=words("Établi : le logiciel d'un fab lab.", "Établi: the software of a fab lab."),
    )  # fmt: skip

    @cli.callback()
    def common(
        context: typer.Context,
        config: Annotated[
            Path | None,
            typer.Option(
                "--config", "-c", help=words("Le fichier, au lieu d'etabli.toml.", "The file, not etabli.toml.")
            ),
        ] = None,
        lang: Annotated[str | None, typer.Option("--lang", help="fr | en")] = None,
        verbose: Annotated[bool, typer.Option("--verbose", "-v", help=words("Tout dire.", "Say everything."))] = False,
        version: Annotated[
            bool,
            typer.Option("--version", callback=_say_version, is_eager=True, help=words("La version.", "The version.")),
        ] = False,
    ) -> None:
        del lang, version  # read before anything was built
        context.obj = Speech(language=language, config=config_file(config), verbose=verbose)

    _add_serving(cli, language)
    _add_demo(cli, language)
    _add_config(cli, language)
    _add_people(cli, language)
    _add_members(cli, language)
    _add_devices(cli, language)
    _add_accounts(cli, language)
    return cli


def _say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"etabli {version('etabli')}")
        raise typer.Exit


def _add_serving(cli: typer.Typer, language: Language) -> None:
    def told(fr: str, en: str) -> str:
        return fr if language == "fr" else en

    @cli.command(help=told("Le lab entier, dans un seul processus.", "The whole lab, in one process."))
    def run(context: typer.Context) -> None:
        from etabli.commands import serve

        serve.run(context.obj)

    @cli.command(help=told("La passerelle seule (PostgreSQL).", "The gateway alone (PostgreSQL)."))
    def gateway(context: typer.Context) -> None:
        from etabli.commands import serve

        serve.gateway(context.obj)

    @cli.command(help=told("Les pages seules (PostgreSQL).", "The pages alone (PostgreSQL)."))
    def dashboard(context: typer.Context) -> None:
        from etabli.commands import serve

        serve.dashboard(context.obj)

    @cli.command(
        help=told("Le pont d'un appareil, seul, près de son câble.", "One device's bridge alone, near its cable.")
    )
    def bridge(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help=told("Le slug de l'appareil.", "The device's slug."))],
    ) -> None:
        from etabli.commands import serve

        serve.bridge(context.obj, name)


def _add_demo(cli: typer.Typer, language: Language) -> None:
    def told(fr: str, en: str) -> str:
        return fr if language == "fr" else en

    @cli.command(help=told("Un lab simulé, prêt en quelques secondes.", "A simulated lab, ready in seconds."))
    def demo(
        context: typer.Context,
        port: Annotated[int, typer.Option(min=1, max=65535)] = 8080,
        host: Annotated[
            str, typer.Option(help=told("0.0.0.0 pour que d'autres le voient.", "0.0.0.0 to let others see it."))
        ] = "127.0.0.1",
        cut_link: Annotated[
            float | None,
            typer.Option(help=told("Couper le lien tant de secondes.", "Cut the link for so many seconds.")),
        ] = None,
        seed: Annotated[int, typer.Option(help=told("Une autre histoire.", "Another story."))] = 7,
        speed: Annotated[float, typer.Option(min=0.1, max=20, help=told("Rythme de la vie.", "Pace of life."))] = 1.0,
        data: Annotated[Path | None, typer.Option(help=told("Dossier à utiliser.", "Folder to use."))] = None,
        keep: Annotated[bool, typer.Option(help=told("Garder le dossier.", "Keep the folder."))] = False,
        broker: Annotated[str, typer.Option(help="auto | mosquitto | amqtt")] = "auto",
        json: Json = False,
    ) -> None:
        from etabli.demo.command import Wishes, demo

        demo(
            context.obj,
            Wishes(
                host=host, port=port, cut_link_s=cut_link, seed=seed, speed=speed, data=data, keep=keep,
                as_json=json, broker=broker
            ),
        )  # fmt: skip


def _add_config(cli: typer.Typer, language: Language) -> None:
    def told(fr: str, en: str) -> str:
        return fr if language == "fr" else en

    @cli.command(help=told("Écrire un etabli.toml commenté.", "Write a commented etabli.toml."))
    def init(
        context: typer.Context,
        force: Annotated[
            bool, typer.Option("--force", help=told("Écraser le fichier.", "Write over the file."))
        ] = False,
    ) -> None:
        from etabli.commands import config

        config.init(context.obj, context.obj.config, force=force)

    @cli.command(
        "check-config", help=told("Dire ce qui ne va pas dans etabli.toml.", "Say what is wrong in etabli.toml.")
    )
    def check_config(context: typer.Context, json: Json = False) -> None:
        from etabli.commands import config

        raise typer.Exit(config.check_config(context.obj, as_json=json))

    @cli.command(help=told("Mettre la base à jour.", "Bring the database up to date."))
    def migrate(context: typer.Context) -> None:
        from etabli.commands import config

        config.migrate(context.obj)

    @cli.command(
        help=told(
            "Tout le lab dans un fichier, même pendant qu'il tourne.", "The whole lab in one file, even while it runs."
        )
    )
    def backup(
        context: typer.Context,
        file: Annotated[Path | None, typer.Argument(help=told("Le fichier à écrire.", "The file to write."))] = None,
        json: Json = False,
    ) -> None:
        from etabli.commands import archives

        archives.backup(context.obj, file, as_json=json)

    @cli.command(help=told("Remettre un lab en place, dans un dossier vide.", "Put a lab back, in an empty folder."))
    def restore(
        context: typer.Context, file: Annotated[Path, typer.Argument(help=told("La sauvegarde.", "The backup."))]
    ) -> None:
        from etabli.commands import archives

        archives.restore_from(context.obj, file)

    grafana = typer.Typer(
        no_args_is_help=True, help=told("Le tableau de Grafana.", "Grafana's board."), rich_markup_mode=None
    )
    cli.add_typer(grafana, name="grafana")

    @grafana.callback()
    def about_grafana() -> None:
        pass

    @grafana.command(help=told("Mettre le tableau en place.", "Put the board in place."))
    def sync(context: typer.Context, json: Json = False) -> None:
        from etabli.commands import boards

        boards.sync(context.obj, as_json=json)


def _add_people(cli: typer.Typer, language: Language) -> None:
    def told(fr: str, en: str) -> str:
        return fr if language == "fr" else en

    token = typer.Typer(
        no_args_is_help=True, help=told("Jetons de l'API.", "Tokens of the API."), rich_markup_mode=None
    )
    badge = typer.Typer(no_args_is_help=True, help=told("Badges.", "Badges."), rich_markup_mode=None)
    cli.add_typer(token, name="token")
    cli.add_typer(badge, name="badge")

    @token.command(
        help=told("Créer un jeton ; son secret n'est montré qu'une fois.", "Make a token; its secret is shown once.")
    )
    def create(
        context: typer.Context,
        role: Annotated[Role, typer.Option(help=told("Ce qu'il permet.", "What it allows."))],
        label: Annotated[str, typer.Option(help=told("Pour qui ou pour quoi.", "For whom or what."))] = "",
        resource: Annotated[
            str | None, typer.Option(help=told("Pour la borne d'une machine.", "For the kiosk of one machine."))
        ] = None,
        reader: Annotated[
            str | None,
            typer.Option(help=told("Pour la borne d'un lecteur partagé.", "For the kiosk of a shared reader.")),
        ] = None,
        expires_days: Annotated[
            int | None, typer.Option(min=1, max=3650, help=told("Valable tant de jours.", "Good for so many days."))
        ] = None,
        json: Json = False,
    ) -> None:
        from etabli.commands import people

        people.create_token(
            context.obj,
            role=role,
            label=label or str(role),
            resource=resource,
            reader=reader,
            expires_days=expires_days,
            as_json=json,
        )

    @token.command(help=told("Retirer un jeton.", "Take a token back."))
    def revoke(
        context: typer.Context,
        id: Annotated[str, typer.Argument(help=told("Le numéro du jeton.", "The token's id."))],
    ) -> None:
        from etabli.commands import people

        people.revoke_token(context.obj, id)

    @badge.command(help=told("Donner un badge à un membre.", "Give a badge to a member."))
    def enrol(
        context: typer.Context,
        member: Annotated[str, typer.Option(help=told("Le numéro du membre.", "The member's id."))],
        number: Annotated[str, typer.Option(help=told("Le numéro du badge.", "The badge's number."))],
        card: Annotated[
            bool,
            typer.Option("--card", help=told("C'est une NTAG 424 DNA : montrer ses clés.", "It is an NTAG 424 DNA: show its keys.")),
        ] = False,
    ) -> None:  # fmt: skip
        from etabli.commands import people

        people.enrol_badge(context.obj, member=member, number=number, card=card)

    @badge.command(help=told("Les clés à écrire dans une carte.", "The keys to write into a card."))
    def keys(
        context: typer.Context,
        number: Annotated[str, typer.Argument(help=told("Le numéro de la carte.", "The card's number."))],
        json: Json = False,
    ) -> None:
        from etabli.commands import people

        people.card_keys(context.obj, number=number, as_json=json)

    @badge.command("hash", help=told("Ce qu'un lecteur envoie pour un badge.", "What a reader sends for a badge."))
    def hash_(
        context: typer.Context,
        number: Annotated[str, typer.Argument(help=told("Le numéro du badge.", "The badge's number."))],
        json: Json = False,
    ) -> None:
        from etabli.commands import people

        people.hash_badge(context.obj, number=number, as_json=json)


def _add_members(cli: typer.Typer, language: Language) -> None:
    def told(fr: str, en: str) -> str:
        return fr if language == "fr" else en

    group = typer.Typer(no_args_is_help=True, help=told("Membres.", "Members."), rich_markup_mode=None)
    cli.add_typer(group, name="members")

    @group.callback()
    def members() -> None:
        """Keep ``import`` a command of its own, though it is the only one."""

    @group.command(
        "import",
        help=told(
            "Importer une liste CSV (la vôtre, HelloAsso…) : ajoute et met à jour, ne supprime personne.",
            "Import a CSV list (yours, HelloAsso's …): adds and updates, deletes nobody.",
        ),
    )
    def import_(
        context: typer.Context,
        file: Annotated[Path, typer.Argument(help=told("La liste.", "The list."))],
        until: Annotated[
            str | None, typer.Option(help=told("Fin des adhésions non dites.", "End of memberships not told."))
        ] = None,
        year_after_order: Annotated[
            bool,
            typer.Option("--year-after-order", help=told("Ou un an après la commande.", "Or a year after the order.")),
        ] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help=told("Regarder seulement.", "Only look."))] = False,
    ) -> None:
        from etabli.commands import roster

        roster.import_members(context.obj, file=file, until=until, year_after_order=year_after_order, dry_run=dry_run)


def _add_devices(cli: typer.Typer, language: Language) -> None:
    from etabli.bootstrap.device_account import Firmware

    def told(fr: str, en: str) -> str:
        return fr if language == "fr" else en

    device = typer.Typer(
        no_args_is_help=True, help=told("Comptes des appareils.", "Accounts of devices."), rich_markup_mode=None
    )
    cli.add_typer(device, name="device")
    slug = typer.Argument(help=told("Le slug de l'appareil.", "The device's slug."))
    runs = typer.Option("--for", help=told("Ce que l'appareil fait tourner.", "What the device runs."))
    where = typer.Option(help=told("L'adresse du courtier, vue de l'appareil.", "The broker's address, as it sees it."))
    as_qr = typer.Option("--qr", help=told("Aussi en code QR.", "As a QR code, too."))

    @device.command(help=told("Donner un compte à un appareil.", "Give a device an account."))
    def add(
        context: typer.Context, name: Annotated[str, slug], firmware: Annotated[Firmware, runs] = Firmware.ETABLI,
        host: Annotated[str | None, where] = None, qr: Annotated[bool, as_qr] = False, json: Json = False,
    ) -> None:  # fmt: skip
        from etabli.commands import devices

        devices.add(context.obj, name, firmware=firmware, host=host, as_json=json, qr=qr)

    @device.command(help=told("Changer son mot de passe et sa clé.", "Change its password and its key."))
    def rotate(
        context: typer.Context, name: Annotated[str, slug], firmware: Annotated[Firmware, runs] = Firmware.ETABLI,
        host: Annotated[str | None, where] = None, qr: Annotated[bool, as_qr] = False, json: Json = False,
    ) -> None:  # fmt: skip
        from etabli.commands import devices

        devices.rotate(context.obj, name, firmware=firmware, host=host, as_json=json, qr=qr)

    @device.command(help=told("Retirer un compte.", "Take an account away."))
    def revoke(context: typer.Context, name: Annotated[str, slug]) -> None:
        from etabli.commands import devices

        devices.revoke(context.obj, name)

    @device.command("list", help=told("Les appareils qui ont un compte.", "The devices that have an account."))
    def known(context: typer.Context, json: Json = False) -> None:
        from etabli.commands import devices

        devices.known(context.obj, as_json=json)

    @cli.command(
        help=told("Le certificat de ce lab, par sa propre autorité.", "This lab's certificate, by its own authority.")
    )
    def certificate(
        context: typer.Context,
        names: Annotated[list[str], typer.Argument(help=told("Noms et adresses.", "Names and addresses."))],
    ) -> None:
        from etabli.commands import devices

        devices.certificate(context.obj, names)


def _add_accounts(cli: typer.Typer, language: Language) -> None:
    def told(fr: str, en: str) -> str:
        return fr if language == "fr" else en

    account = typer.Typer(no_args_is_help=True, help=told("Comptes.", "Accounts."), rich_markup_mode=None)
    cli.add_typer(account, name="account")

    @account.command(
        help=told("Donner un rôle, et un lien pour se connecter.", "Give a role, and a link to sign in by.")
    )
    def invite(
        context: typer.Context,
        address: Annotated[str, typer.Argument(help=told("Adresse électronique.", "E-mail address."))],
        role: Annotated[Role, typer.Option(help=told("Son rôle ici.", "Their role here."))] = Role.MEMBER,
        first_name: Annotated[str, typer.Option(help=told("Prénom, si nouveau.", "First name, if new."))] = "",
        json: Json = False,
    ) -> None:
        from etabli.commands import accounts

        name = first_name or address.partition("@")[0]
        accounts.invite(context.obj, address=address, role=role, first_name=name, as_json=json)

    @account.command("forget-phone", help=told("Retirer le second contrôle perdu.", "Remove a lost second check."))
    def forget_phone(
        context: typer.Context,
        address: Annotated[str, typer.Argument(help=told("Adresse électronique.", "E-mail address."))],
    ) -> None:
        from etabli.commands import accounts

        accounts.forget_phone(context.obj, address=address)


if __name__ == "__main__":
    app()
