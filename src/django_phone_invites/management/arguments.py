"""Arguments that several commands take."""

import argparse

from django_phone_invites import phones


def known_region(raw: str) -> str:
    """Read a region, in either case."""
    region = raw.upper()
    if region not in phones.REGIONS:
        raise argparse.ArgumentTypeError(f"there is no region {raw}; use ISO 3166-1 codes: RU, KZ")
    return region
