"""`helpline keys`: new keys, and sealing anew under them."""

from __future__ import annotations

import click

from helpline.cli.machine import open_wires
from helpline.keys import new_key
from helpline.services.rotate_keys import rotate_batch, sealed_columns


@click.group()
def keys() -> None:
    """Keys that seal what people write.

    \b
    Example:
      helpline keys new
    """


@keys.command()
def new() -> None:
    """Print a new key: 32 bytes in base64.

    \b
    Example:
      helpline keys new
    """
    click.echo(new_key())


@keys.command()
def rotate() -> None:
    """Seal everything anew under the first of HELPLINE_KEYS.

    Put the new key first in HELPLINE_KEYS and keep the old one behind it, restart, run this, then
    take the old key away. It may be stopped and run again at any time.

    \b
    Example:
      helpline keys rotate
    """
    with open_wires() as wires:
        for table, column in sealed_columns():
            read = anew = 0
            after: tuple[object, ...] | None = None
            while True:
                with wires.desk() as desk:
                    seen, changed, after = rotate_batch(desk, table, column, after)
                read, anew = read + seen, anew + changed
                if after is None:
                    break
                click.echo(f"{table.name}.{column.name}: {read} read, {anew} sealed anew …")
            click.echo(f"{table.name}.{column.name}: {read} read, {anew} sealed anew")
    click.echo("Everything is sealed under the first key; those behind it can be taken away.")
