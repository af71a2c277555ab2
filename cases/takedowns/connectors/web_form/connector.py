"""Assisted filing: a person pastes the text into the platform's form and tells us its reference."""

from typing import ClassVar

from cases.takedowns.connectors.base import Connector


class WebFormConnector(Connector):
    """Nothing leaves by machine."""

    by_hand: ClassVar[bool] = True
