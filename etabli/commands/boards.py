"""`grafana sync`: the board, as code, into a Grafana."""

from etabli.commands.console import Speech, print_json, rich_console, set_up_logging
from gateway.ports.errors import BadConfiguration


def sync(speech: Speech, *, as_json: bool) -> None:
    """Put folder, datasource and board where they belong; doing it twice changes nothing more."""
    from etabli.settings.load import secret

    set_up_logging(verbose=speech.verbose, quiet=True)
    settings = speech.settings()
    if settings.grafana is None or settings.series.influx is None:
        missing = "[grafana]" if settings.grafana is None else "[series.influx]"
        raise BadConfiguration(
            speech.say(f"il faut la table {missing} dans etabli.toml", f"the table {missing} is needed in etabli.toml")
        )
    from gateway.adapters.grafana import Grafana

    token = secret(settings.grafana.token_file, "grafana.token_file")
    influx = settings.series.influx
    influx_token = secret(influx.token_file, "series.influx.token_file")
    with rich_console(stderr=True).status(speech.say("Grafana…", "Grafana…")):
        told = Grafana(settings.grafana.url, token).sync(
            url=influx.url, org=influx.org, bucket=influx.bucket, token=influx_token
        )
    if as_json:
        print_json({"board": str(told)})
        return
    print(speech.say(f"Le tableau est en place : {told}", f"The board is in place: {told}"))
