"""`grafana sync`: the board, as code, into a Grafana."""

from etabli.commands.console import Speech, print_json, rich_console, set_up_logging
from gateway.ports.errors import BadConfiguration

_SAID = {
    "created": ("créé", "created"), "updated": ("mis à jour", "updated"), "unchanged": ("déjà à jour", "up to date"),
    "kept": ("gardé : un fichier de Grafana le tient", "kept: a file of Grafana's own provisions it"),
}  # fmt: skip


def sync(speech: Speech, *, as_json: bool) -> None:
    """Put folder, datasource and board where they belong; doing it twice changes nothing more."""
    from etabli.settings.load import secret
    from gateway.adapters import grafana

    set_up_logging(verbose=speech.verbose, quiet=True)
    settings = speech.settings()
    if settings.grafana is None or settings.series.influx is None:
        missing = "[grafana]" if settings.grafana is None else "[series.influx]"
        raise BadConfiguration(
            speech.say(f"il faut la table {missing} dans etabli.toml", f"the table {missing} is needed in etabli.toml")
        )
    influx = settings.series.influx
    source = grafana.Source(
        url=settings.grafana.influx_url or influx.url,
        token=secret(influx.token_file, "series.influx.token_file"),
        bucket=influx.bucket,
    )
    token = secret(settings.grafana.token_file, "grafana.token_file")
    with rich_console(stderr=True).status("Grafana…"):
        parts = grafana.sync(settings.grafana.url, token, source, timezone=settings.lab.timezone)
    if as_json:
        print_json([{"part": each.part, "name": each.name, "became": each.became} for each in parts])
        return
    for each in parts:
        print(f"{each.part} « {each.name} » : {speech.say(*_SAID[each.became])}")
