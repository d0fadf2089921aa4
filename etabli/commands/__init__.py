"""What each sub-command does. Everything heavy is imported when the command is given, not when it is listed."""
