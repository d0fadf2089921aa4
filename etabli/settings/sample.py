"""The commented `etabli.toml` that `etabli init` writes."""

from etabli.words import Language

_FR = """\
# La configuration de votre lab. Vérifiez-la avec :  etabli check-config
# Puis démarrez :                                   etabli run
# Toutes les clés : docs/configuration.md. Un mot de passe n'est jamais écrit ici, mais dans un fichier à lui
# (chmod 600), que l'on nomme.

[lab]
slug = "mon-lab"            # nom court, dans les adresses et les sujets MQTT ; à ne plus changer ensuite
name = "Mon lab"
timezone = "Europe/Paris"
language = "fr"

# Les horaires ; sans eux, c'est toujours ouvert. Une machine peut avoir les siens : [resources.opening]
# [lab.opening]
# tuesday = ["9:00-12:30", "14:00-18:00"]
# friday = "18:00-23:00"
# holidays = "france"       # ou "alsace-moselle" : fermé les jours fériés

[data]
directory = "var"           # base de données, clés, boîtes d'envoi ; c'est ce dossier qu'il faut sauvegarder

[web]
host = "127.0.0.1"          # "0.0.0.0" pour que les autres ordinateurs du lab voient les pages
port = 8080
# certificate = "tls/lab.pem"
# key = "tls/lab.key"

[broker]
mode = "embedded"           # Établi démarre son propre courtier MQTT ; "external" pour un Mosquitto déjà en place
host = "127.0.0.1"          # "0.0.0.0" dès qu'une prise du réseau doit le joindre
port = 1883
# username = "lab"          # pour mode = "external"
# password_file = "secrets/mqtt"

[series]
retention_days = 90

# Écrire aux membres ; pour les SMS, Matrix et le reste : docs/notifications.md
# [notify.email]
# host = "smtp.exemple.fr"
# sender = "lab@exemple.fr"
# username = "lab@exemple.fr"
# password_file = "secrets/smtp"

# Une copie des mesures dans InfluxDB 2, pour Grafana :
# [series.influx]
# url = "http://localhost:8086"
# org = "lab"
# bucket = "etabli"
# token_file = "secrets/influxdb"

# [grafana]                 # etabli grafana sync
# url = "http://localhost:3000"
# token_file = "secrets/grafana"

# --- Formations -------------------------------------------------------------------------------------------------

[[trainings]]
slug = "decoupe-laser"
names = { fr = "Découpe laser", en = "Laser cutter" }
validity_days = 730         # valable deux ans ; sans cette ligne, pour toujours
# yearly_until = "08-31"    # ou jusqu'au soir de ce jour, chaque année
# unused_days = 180         # ou tant que la machine sert : 180 jours sans elle, et le droit s'éteint
# refresher_minutes = 30    # la révision, plus courte que la formation

# --- Ressources : tout ce qu'un membre peut réserver ou mettre en marche ----------------------------------------

[[resources]]
slug = "laser"
names = { fr = "Découpeuse laser", en = "Laser cutter" }
kind = "laser"              # printer_3d, laser, cnc, vinyl, textile, electronics, scanner, game, desk, room, kit, other
trainings = ["decoupe-laser"]
ceiling_hours = 4           # durée maximale d'une utilisation
forgotten_minutes = 30      # sans activité, elle se termine d'elle-même

[[resources]]
slug = "imprimante-1"
names = { fr = "Imprimante 3D", en = "3D printer" }
kind = "printer_3d"
ceiling_hours = 36
# Des règles, éteintes tant que rien n'est écrit ; toutes sont dans docs/configuration.md :
# [resources.booking]
# longest_minutes = 720
# step_minutes = 15
# [resources.use]

# Plusieurs machines égales forment un groupe, que chacune nomme par group = "imprimantes-3d" :
# [[groups]]
# slug = "imprimantes-3d"
# names = { fr = "Imprimantes 3D", en = "3D printers" }
# [groups.booking]
# week_minutes = 1440       # par membre, toutes les imprimantes ensemble

# --- Appareils : ce qui entend, coupe et raconte. Enlevez les # quand l'appareil est branché --------------------

# Une imprimante derrière OctoPrint. La clé : dans OctoPrint, Réglages, Clés d'application.
# [[devices]]
# slug = "imprimante-1-octoprint"
# resource = "imprimante-1"
# role = "machine"
# bridge = "octoprint-http"
# [devices.settings]
# url = "http://octopi.local"
# key_file = "secrets/octoprint-1"

# Une découpeuse laser ou une fraiseuse GRBL par USB. Le chemin « by-id » ne change pas quand on débranche :
# ls /dev/serial/by-id/
# [[devices]]
# slug = "laser-grbl"
# resource = "laser"
# role = "machine"
# bridge = "grbl-serial"
# [devices.settings]
# port = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"

# Un lecteur de badges 125 kHz (RDM6300, ID-12LA) ou de type clavier sur port série.
# [[devices]]
# slug = "laser-lecteur"
# resource = "laser"
# role = "reader"
# bridge = "badge-reader-serial"
# [devices.settings]
# port = "/dev/serial/by-id/usb-FTDI_FT232R-if00-port0"

# Une prise commandée par MQTT : tasmota, shelly-gen1, shelly-gen2, esphome, zigbee2mqtt.
# Réglez-la pour qu'elle reste éteinte au retour du courant (Tasmota : PowerOnState 0).
# [[devices]]
# slug = "laser-prise"
# resource = "laser"
# role = "interlock"
# bridge = "relay-mqtt"
# [devices.settings]
# dialect = "tasmota"
# name = "laser"
"""

_EN = """\
# The configuration of your lab. Check it with:  etabli check-config
# Then start:                                    etabli run
# Every key: docs/configuration.md. A password is never written here, but in a file of its own (chmod 600), by name.

[lab]
slug = "my-lab"             # short name, in addresses and MQTT topics; not to be changed later
name = "My lab"
timezone = "Europe/Paris"
language = "en"

# Opening hours; without them it is always open. A machine may have its own: [resources.opening]
# [lab.opening]
# tuesday = ["9:00-12:30", "14:00-18:00"]
# friday = "18:00-23:00"
# holidays = "france"       # or "alsace-moselle": closed on public holidays

[data]
directory = "var"           # database, keys, outboxes; this is the folder to back up

[web]
host = "127.0.0.1"          # "0.0.0.0" lets the lab's other computers see the pages
port = 8080
# certificate = "tls/lab.pem"
# key = "tls/lab.key"

[broker]
mode = "embedded"           # Établi starts its own MQTT broker; "external" for a Mosquitto that is already there
host = "127.0.0.1"          # "0.0.0.0" as soon as a plug of the network must reach it
port = 1883
# username = "lab"          # for mode = "external"
# password_file = "secrets/mqtt"

[series]
retention_days = 90

# Write to members; for SMS, Matrix and the rest: docs/notifications.md
# [notify.email]
# host = "smtp.example.org"
# sender = "lab@example.org"
# username = "lab@example.org"
# password_file = "secrets/smtp"

# A copy of the readings in InfluxDB 2, for Grafana:
# [series.influx]
# url = "http://localhost:8086"
# org = "lab"
# bucket = "etabli"
# token_file = "secrets/influxdb"

# [grafana]                 # etabli grafana sync
# url = "http://localhost:3000"
# token_file = "secrets/grafana"

# --- Trainings --------------------------------------------------------------------------------------------------

[[trainings]]
slug = "laser-cutting"
names = { fr = "Découpe laser", en = "Laser cutting" }
validity_days = 730         # valid for two years; without this line, for ever
# yearly_until = "08-31"    # or until the evening of this day, each year
# unused_days = 180         # or as long as the machine is used: 180 days without it, and the right lapses
# refresher_minutes = 30    # to refresh it takes less than the training

# --- Resources: anything a member can book or switch on ---------------------------------------------------------

[[resources]]
slug = "laser"
names = { fr = "Découpeuse laser", en = "Laser cutter" }
kind = "laser"              # printer_3d, laser, cnc, vinyl, textile, electronics, scanner, game, desk, room, kit, other
trainings = ["laser-cutting"]
ceiling_hours = 4           # the longest use
forgotten_minutes = 30      # without activity it ends by itself

[[resources]]
slug = "printer-1"
names = { fr = "Imprimante 3D", en = "3D printer" }
kind = "printer_3d"
ceiling_hours = 36
# Rules, off as long as nothing is written; docs/configuration.md has them all:
# [resources.booking]
# longest_minutes = 720
# step_minutes = 15
# [resources.use]

# Several equal machines are a group, which each of them names by group = "printers-3d":
# [[groups]]
# slug = "printers-3d"
# names = { fr = "Imprimantes 3D", en = "3D printers" }
# [groups.booking]
# week_minutes = 1440       # per member, all printers together

# --- Devices: what hears, switches and tells. Take away the # once the device is connected -----------------------

# A printer behind OctoPrint. The key: in OctoPrint, Settings, Application Keys.
# [[devices]]
# slug = "printer-1-octoprint"
# resource = "printer-1"
# role = "machine"
# bridge = "octoprint-http"
# [devices.settings]
# url = "http://octopi.local"
# key_file = "secrets/octoprint-1"

# A GRBL laser cutter or mill by USB. The "by-id" path stays when it is unplugged: ls /dev/serial/by-id/
# [[devices]]
# slug = "laser-grbl"
# resource = "laser"
# role = "machine"
# bridge = "grbl-serial"
# [devices.settings]
# port = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"

# A 125 kHz badge reader (RDM6300, ID-12LA), or one of the keyboard kind on a serial port.
# [[devices]]
# slug = "laser-reader"
# resource = "laser"
# role = "reader"
# bridge = "badge-reader-serial"
# [devices.settings]
# port = "/dev/serial/by-id/usb-FTDI_FT232R-if00-port0"

# A plug by MQTT: tasmota, shelly-gen1, shelly-gen2, esphome, zigbee2mqtt.
# Set it to stay off when mains returns (Tasmota: PowerOnState 0).
# [[devices]]
# slug = "laser-plug"
# resource = "laser"
# role = "interlock"
# bridge = "relay-mqtt"
# [devices.settings]
# dialect = "tasmota"
# name = "laser"
"""


def sample(language: Language) -> str:
    """The file, in one language."""
    return _FR if language == "fr" else _EN
