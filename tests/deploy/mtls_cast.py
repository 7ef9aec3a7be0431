"""Puts Åsa, her role and her active card into an installation's database, and says both numbers."""

import json
from datetime import UTC, datetime, timedelta

import django

django.setup()

from cards.states import CardState  # noqa: E402 - Django must be set up first
from directory.models import Person, Role  # noqa: E402 - as above
from tests.cast import actor_of  # noqa: E402 - as above
from tests.scenarios import (  # noqa: E402 - as above
    a_claimed_activation,
    a_scene,
    a_shipped_card,
    a_written_activation,
    an_activation_with_keys,
    an_active_card,
    an_open_activation,
)


def main() -> None:
    """Walk a card through its life up to now, and tell of it."""
    scene = a_scene(at=datetime.now(UTC) - timedelta(days=10))
    actor_of(scene.cast.asa, Role.ID_ADMINISTRATOR)
    card = a_shipped_card(scene, scene.cast.asa)
    claimed = a_claimed_activation(scene, an_open_activation(scene, card))
    active = an_active_card(scene, a_written_activation(scene, an_activation_with_keys(scene, claimed)))
    person = Person.objects.get(pk=active.person_id)
    assert active.state == CardState.ACTIVE.value, active.state
    print(json.dumps({"number": person.personal_identity_number, "card": active.card_number}))  # noqa: T201


if __name__ == "__main__":
    main()
