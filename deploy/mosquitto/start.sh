#!/bin/sh
# Turns the secret list of `user:password` lines into Mosquitto's hashed password file, then becomes Mosquitto.
set -eu
secret=${MQTT_USERS:-/run/secrets/mqtt_users}
users=${MQTT_PASSWORD_FILE:-/mosquitto/data/users}
conf=${MQTT_CONF:-/mosquitto/config/mosquitto.conf}

umask 077
cp "$secret" "$users.new"
chmod 600 "$users.new"
mosquitto_passwd -U "$users.new"
mv "$users.new" "$users"
# Mosquitto reads it after leaving root.
if [ "$(id -u)" = 0 ]; then chown mosquitto "$users"; fi
exec mosquitto -c "$conf"
