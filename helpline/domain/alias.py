"""Names by which volunteers and coordinators know a person, such as "Amber Finch"."""

from __future__ import annotations

from collections.abc import Iterator

FIRST = (
    "Amber Ash Autumn Azure Birch Blue Bright Brook Calm Cedar Cherry Clay Clear Clover Cobalt "
    "Copper Coral Crimson Dawn Delta Dusk Early Ember Fern Field Flint Forest Frost Garnet Ginger "
    "Golden Green Harbor Hazel Heath Honey Indigo Iris Ivory Ivy Jade Juniper Lake Laurel Lemon "
    "Lilac Linden Maple Marble Meadow Mint Misty Moss North Oak Ocean Olive Onyx Opal Orchid Pearl "
    "Pine Plum Poppy Quartz Quiet Rain Reed River Rose Rowan Ruby Rust Sage Sand Scarlet Sienna "
    "Silver Sky Slate Snow South Spruce Summer Sunny Teal Thistle Tidal Topaz Umber Velvet Violet "
    "Walnut West Willow Winter Wild"
).split()
SECOND = (
    "Avocet Badger Beaver Bison Bittern Bobcat Bunting Buzzard Condor Coot Cormorant Crane Curlew "
    "Deer Dipper Dolphin Dove Dunlin Eagle Egret Eider Elk Falcon Ferret Finch Fox Gannet Gazelle "
    "Goose Grebe Grouse Gull Hare Harrier Hawk Heron Hoopoe Ibis Jackdaw Jay Kestrel Kingfisher "
    "Kite Lapwing Lark Linnet Loon Lynx Magpie Mallard Marten Martin Merlin Moose Nightjar Nuthatch "
    "Oriole Osprey Otter Owl Panda Parrot Partridge Pelican Petrel Pheasant Pigeon Pipit Plover "
    "Puffin Quail Rail Raven Redstart Robin Rook Ruff Sandpiper Seal Shrike Siskin Skylark Snipe "
    "Sparrow Starling Stork Swallow Swan Swift Tanager Teal Tern Thrush Toucan Turtle Vole Wagtail "
    "Warbler Waxwing Wren"
).split()


def aliases(seed: int) -> Iterator[str]:
    """Aliases to try in turn, starting where `seed` says; never ends.

    The first round is of two words; when a line has used them all, later rounds add a number.
    """
    total = len(FIRST) * len(SECOND)
    step = 7919  # a prime that divides neither list's length, so that a round visits each pair
    for turn in range(10**9):
        place = (seed + turn * step) % total
        name = f"{FIRST[place % len(FIRST)]} {SECOND[place // len(FIRST)]}"
        yield name if turn < total else f"{name} {turn // total + 1}"
