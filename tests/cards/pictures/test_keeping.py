"""A picture is taken, kept encrypted, used by one order, and purged on time (POR-17)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction

from cards import lifecycle, policies
from cards.errors import Refused
from cards.models import CardOrder
from cards.pictures.errors import PictureNotFound, PictureRefused
from cards.pictures.keeping import OrderPictures, keep_picture, use_pictures
from cards.pictures.kinds import PictureKind, PictureSource
from cards.pictures.models import CardPicture
from cards.pictures.purging import purge_pictures
from cards.pictures.selectors import pictures_for_factory, show_picture, unfinished_pictures
from cards.pictures.vault import PictureUnreadable, Sealed, seal, unseal
from directory.models import Employment
from directory.organization_models import OrganizationSettings
from journal.actor import Actor
from journal.models import Entry
from tests.drawn_face import Face, drawn_face, drawn_signature, jpeg, png
from tests.scenarios import Scene, a_shipped_card

JOB = Actor.system("purge_pictures")
PORTRAIT = jpeg(drawn_face(size=(600, 800)))
OFF_CENTER = jpeg(drawn_face(Face(crown=0.3, chin=0.7), size=(600, 800)))


def a_photo(scene: Scene, content: bytes = PORTRAIT, employment: Employment | None = None) -> CardPicture:
    return keep_picture(
        hsa_id=(employment or scene.cast.asa).hsa_id,
        kind=PictureKind.PHOTO,
        source=PictureSource.CAMERA,
        content=content,
        actor=scene.cast.alva,
        at=scene.at,
    )


def an_order(scene: Scene, pictures: OrderPictures | None, *, product_code: str = "7B1") -> CardOrder:
    return lifecycle.place_order(
        hsa_id=scene.cast.asa.hsa_id,
        product_code=product_code,
        pictures=pictures,
        actor=scene.cast.alva,
        at=scene.at,
    )


def code_of(scene: Scene, pictures: OrderPictures | None, *, product_code: str = "7B1") -> str:
    with pytest.raises(Refused) as caught:
        an_order(scene, pictures, product_code=product_code)
    return caught.value.refusal.code


def here(picture: CardPicture) -> bool:
    picture.refresh_from_db()
    return picture.sealed is not None


def test_a_photo_is_kept_encrypted_and_goes_with_its_order_to_the_factory(scene: Scene) -> None:
    photo = a_photo(scene)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed, wrapped_key FROM cards_cardpicture")
        stored = b"".join(bytes(part) for part in cursor.fetchone())
    order = an_order(scene, OrderPictures(photo_id=str(photo.pk)))
    sent = pictures_for_factory(order)
    assert sent.photo_jpeg.startswith(b"\xff\xd8")
    assert not any(sent.photo_jpeg[at : at + 16] in stored for at in range(0, len(sent.photo_jpeg) - 15, 16))
    assert sent.signature_png == b""
    told = list(Entry.objects.filter(type__startswith="card_picture").order_by("pk"))
    assert [entry.type for entry in told] == ["card_picture.captured", "card_picture.used"]


def test_an_sis_card_carries_a_signature_too_and_its_organizations_number(scene: Scene) -> None:
    photo = a_photo(scene)
    assert (
        code_of(scene, OrderPictures(photo_id=str(photo.pk)), product_code="7A1") == "issuer_number_missing"
    )
    OrganizationSettings.objects.create(organization=scene.cast.norr, issuer_number="4711")
    assert code_of(scene, OrderPictures(photo_id=str(photo.pk)), product_code="7A1") == "picture_missing"
    signature = keep_picture(
        hsa_id=scene.cast.asa.hsa_id,
        kind=PictureKind.SIGNATURE,
        source=PictureSource.PAD,
        content=png(drawn_signature()),
        actor=scene.cast.alva,
        at=scene.at,
    )
    taken = OrderPictures(photo_id=str(photo.pk), signature_id=str(signature.pk))
    sent = pictures_for_factory(an_order(scene, taken, product_code="7A1"))
    assert sent.signature_png.startswith(b"\x89PNG")


def test_without_its_photo_a_product_is_not_ordered_and_the_policy_says_so(scene: Scene) -> None:
    """Many at once, or by a program: whoever has no picture is refused before anything is placed."""
    refusal = policies.may_order(
        employment=scene.cast.asa, product_code="7B1", loa=3, actor=scene.cast.alva, at=scene.at
    )
    assert refusal is not None
    assert (refusal.code, refusal.fixer) == ("photo_needed", "you")
    assert code_of(scene, None) == "photo_needed"
    assert code_of(scene, OrderPictures()) == "picture_missing"
    assert code_of(scene, OrderPictures(photo_id="no id")) == "picture_missing"


def test_a_remark_is_let_pass_by_whoever_orders_or_the_order_waits(scene: Scene) -> None:
    photo = a_photo(scene, OFF_CENTER)
    assert photo.remarks == ["face_too_small"]
    assert code_of(scene, OrderPictures(photo_id=str(photo.pk))) == "picture_remarks_not_accepted"
    passed = OrderPictures(photo_id=str(photo.pk), accepted_remarks=frozenset({"face_too_small"}))
    assert an_order(scene, passed).pictures.get() == photo


def test_nobody_uses_a_picture_that_somebody_else_took_or_of_somebody_else(scene: Scene) -> None:
    of_gun = a_photo(scene, employment=Employment.objects.get(hsa_id=scene.cast.bo.identifier))
    assert code_of(scene, OrderPictures(photo_id=str(of_gun.pk))) == "picture_missing"
    mine = a_photo(scene)
    CardPicture.objects.filter(pk=mine.pk).update(captured_by=scene.cast.another_administrator.identifier)
    assert code_of(scene, OrderPictures(photo_id=str(mine.pk))) == "picture_missing"


def test_only_whoever_orders_cards_there_sees_a_picture(scene: Scene) -> None:
    """F16: Doris gets nothing; an auditor and the issuance manager have no use of it."""
    photo = a_photo(scene)
    person_id = str(scene.cast.asa.person_id)
    assert show_picture(str(photo.pk), person_id=person_id, actor=scene.cast.alva).media_type == "image/jpeg"
    for actor in (scene.cast.doris, scene.cast.cia, replace(scene.cast.alva, role="issuance_manager")):
        with pytest.raises(PictureNotFound):
            show_picture(str(photo.pk), person_id=person_id, actor=actor)
    for wrong in ((str(photo.pk), str(scene.cast.erik.person_id)), ("x", person_id)):
        with pytest.raises(PictureNotFound):
            show_picture(wrong[0], person_id=wrong[1], actor=scene.cast.alva)


def test_doris_and_the_person_themselves_take_no_picture(scene: Scene) -> None:
    for actor, employment, code in (
        (scene.cast.doris, scene.cast.asa, "outside_scope"),
        (scene.cast.alva, scene.cast.alva_herself, "self_service_forbidden"),
        (scene.cast.alva, scene.cast.erik, "protected_identity_right_missing"),
    ):
        with pytest.raises(Refused) as caught:
            keep_picture(
                hsa_id=employment.hsa_id,
                kind=PictureKind.PHOTO,
                source=PictureSource.FILE,
                content=PORTRAIT,
                actor=actor,
                at=scene.at,
            )
        assert caught.value.refusal.code == code


def test_a_protected_persons_picture_is_seen_with_the_right_alone(scene: Scene) -> None:
    with_right = replace(scene.cast.alva, may_see_protected=True)
    photo = keep_picture(
        hsa_id=scene.cast.erik.hsa_id,
        kind=PictureKind.PHOTO,
        source=PictureSource.CAMERA,
        content=PORTRAIT,
        actor=with_right,
        at=scene.at,
    )
    person_id = str(scene.cast.erik.person_id)
    assert show_picture(str(photo.pk), person_id=person_id, actor=with_right).content
    with pytest.raises(PictureNotFound):
        show_picture(str(photo.pk), person_id=person_id, actor=scene.cast.alva)


def test_a_refused_upload_leaves_nothing_and_a_second_photo_replaces_the_first(scene: Scene) -> None:
    with pytest.raises(PictureRefused):
        a_photo(scene, b"<svg/>")
    assert not CardPicture.objects.exists()
    first, second = a_photo(scene), a_photo(scene)
    assert not here(first)
    assert first.purge_reason == "replaced"
    assert [one.pk for one in unfinished_pictures(scene.cast.asa, actor=scene.cast.alva)] == [second.pk]


def test_pictures_are_purged_after_production_and_not_before(scene: Scene) -> None:
    card, photo = a_shipped_card(scene), a_photo(scene)
    with transaction.atomic():
        use_pictures(card.order, [photo], actor=scene.cast.alva, at=scene.at)
    shipped_at = card.order.shipped_at
    assert shipped_at is not None
    just_before = shipped_at + timedelta(days=30) - timedelta(seconds=1)
    assert purge_pictures(actor=JOB, at=just_before) == "0 pictures purged"
    assert here(photo)
    assert purge_pictures(actor=JOB, at=shipped_at + timedelta(days=30)) == "1 pictures purged"
    assert not here(photo)
    assert (photo.wrapped_key, photo.purge_reason) == (None, "produced")
    assert pictures_for_factory(card.order).photo_jpeg == b""


def test_a_picture_stays_while_the_factory_may_still_make_the_card(scene: Scene) -> None:
    photo = a_photo(scene)
    an_order(scene, OrderPictures(photo_id=str(photo.pk)))
    assert purge_pictures(actor=JOB, at=scene.later(days=400)) == "0 pictures purged"
    assert here(photo)


def test_a_cancelled_orders_picture_goes_with_it_and_one_never_used_after_a_day(scene: Scene) -> None:
    photo = a_photo(scene)
    order = an_order(scene, OrderPictures(photo_id=str(photo.pk)))
    lifecycle.cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.at)
    assert not here(photo)
    unused = a_photo(scene)
    assert purge_pictures(actor=JOB, at=scene.later(hours=23)) == "0 pictures purged"
    assert purge_pictures(actor=JOB, at=scene.later(hours=1)) == "1 pictures purged"
    assert not here(unused)
    assert Entry.objects.filter(type="card_picture.purged").count() == 2


def test_one_run_purges_no_more_than_its_cap_and_says_what_waits(scene: Scene) -> None:
    """Decision 9: what is gone is gone."""
    mine = a_photo(scene)
    for number in range(3):
        mine.pk = None
        mine._state.adding = True
        mine.hsa_id = f"SE2321000016-X{number}"
        mine.save()
    at = scene.later(days=2)
    assert purge_pictures(actor=JOB, at=at, cap=3) == "3 pictures purged, 1 wait for the next run"
    assert purge_pictures(actor=JOB, at=at, cap=3) == "1 pictures purged"


def test_a_picture_opens_in_its_own_row_alone(scene: Scene) -> None:
    photo = a_photo(scene)
    sealed = seal(photo.pk, b"picture")
    assert unseal(photo.pk, sealed) == b"picture"
    changed = Sealed(
        content=sealed.content[:-1] + bytes([sealed.content[-1] ^ 1]), wrapped_key=sealed.wrapped_key
    )
    for pk, wrong in ((scene.cast.asa.pk, sealed), (photo.pk, changed)):
        with pytest.raises(PictureUnreadable):
            unseal(pk, wrong)
