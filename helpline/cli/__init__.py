"""The `helpline` command."""

from __future__ import annotations

import sys

import click

from config.settings import BadSetting
from helpline.cli.doctor import doctor
from helpline.cli.keys import keys
from helpline.cli.lexicon import detect, lexicon
from helpline.cli.people import shifts, volunteers
from helpline.cli.person import erase, export
from helpline.cli.running import db, demo, run
from helpline.embedded.folders import CannotStart
from helpline.logs import configure_logs
from helpline.supervisor import NeverReady

FAILURE, USAGE = 1, 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="helpline")
def helpline() -> None:
    """Brings a trained mental health peer to whoever texts, within minutes.

    \b
    Example:
      helpline demo                      try it on this machine
      helpline volunteers import people.csv
      helpline run                       serve a line
    """


for command in (run, demo, db, volunteers, shifts, detect, lexicon, doctor, keys, export, erase):
    helpline.add_command(command)


def main() -> None:
    """Entry point: errors go to stderr; exit 2 for a usage or settings error, 1 for a failure."""
    configure_logs()
    try:
        helpline(standalone_mode=True)
    except BadSetting as reason:
        sys.stderr.write(f"helpline: {reason}\n")
        raise SystemExit(USAGE) from None
    except (CannotStart, NeverReady) as reason:
        sys.stderr.write(f"helpline: {reason}\n")
        raise SystemExit(FAILURE) from None
