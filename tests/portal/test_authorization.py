"""Who gets what at every address of the portal: the whole table, so that no address is without a decision."""

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Final

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from ca.models import Certificate
from cards.manufacturing.models import ProductionBatch
from cards.models import Activation, Card
from cards.pictures.keeping import keep_picture
from cards.pictures.kinds import PictureKind, PictureSource
from cards.pictures.models import CardPicture
from directory import registers
from directory.basis_decisions import Chosen, decide
from directory.basis_models import BasisDecision, BasisSubject
from directory.models import RoleAssignment, SyncRun, Unit
from functioncerts.lifecycle import order_certificate, register_function_object
from functioncerts.models import ApiToken, FunctionKind, FunctionObject, FunctionOrder
from functioncerts.tokens import create_token
from functioncerts.validations import validate_names
from journal.actor import Actor
from journal.models import Entry
from tests.cards.bulk.conftest import prepared
from tests.cards.stock_violations import a_hand_out, a_transfer
from tests.functioncerts.conftest import request_for
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, an_active_card, an_open_renewal, an_open_unlock

PEOPLE: Final = ("alva", "doris", "bo", "cia", "nobody")
# Answered by GET and by POST with an empty form, to Alva, Doris, Bo, Cia and nobody. All ids are Region
# Norr's: Doris of Region Syd may not tell them from ids that do not exist. 200 shown; 302, 303 sent on
# (nobody: to the login); 401 prove yourself by token; 403 not for your role; 404 not there for you;
# 405 not by this method; 400, 409, 415, 422 yours, but not like this; 503 HSA is down here.
TABLE: Final[Mapping[str, tuple[str, str]]] = {
    "login/": ("303 303 303 303 200", "405 405 405 405 405"),
    "login/oob/start": ("405 405 405 405 405", "303 303 303 303 303"),
    "login/oob/status": ("303 303 303 303 200", "405 405 405 405 405"),
    "login/oob/return": ("303 303 303 303 303", "405 405 405 405 405"),
    "login/oob/qr.svg": ("410 410 410 410 410", "405 405 405 405 405"),
    "login/oob/scan": ("405 405 405 405 405", "303 303 303 303 303"),
    "login/oob/finish": ("405 405 405 405 405", "303 303 303 303 303"),
    "mine/": ("200 200 200 200 303", "405 405 405 405 303"),
    "mine/cards/<uuid:own_card_id>/certificates/": ("405 405 405 405 303", "404 404 404 404 303"),
    "mine/renewals/<uuid:own_renewal_id>/": ("404 404 404 404 303", "405 405 405 405 303"),
    "mine/renewals/<uuid:own_renewal_id>/status/": ("404 404 404 404 303", "405 405 405 405 303"),
    "mine/renewals/<uuid:own_renewal_id>/cancel/": ("405 405 405 405 303", "404 404 404 404 303"),
    "mine/renewals/<uuid:own_renewal_id>/receipt/": ("404 404 404 404 303", "405 405 405 405 303"),
    "mine/renewals/<uuid:own_renewal_id>/receipt/proof/": ("404 404 404 404 303", "405 405 405 405 303"),
    "mine/renewals/<uuid:own_renewal_id>/receipt/seal/": ("404 404 404 404 303", "404 404 404 404 303"),
    "mine/renewals/<uuid:own_renewal_id>/receipt.pdf": ("404 404 404 404 303", "405 405 405 405 303"),
    "mine/activations/<uuid:own_activation_id>/receipt/": ("404 404 404 404 303", "405 405 405 405 303"),
    "mine/activations/<uuid:own_activation_id>/receipt/proof/": (
        "404 404 404 404 303",
        "405 405 405 405 303",
    ),
    "mine/activations/<uuid:own_activation_id>/receipt/seal/": ("404 404 404 404 303", "404 404 404 404 303"),
    "mine/activations/<uuid:own_activation_id>/receipt.pdf": ("404 404 404 404 303", "405 405 405 405 303"),
    "mine/cards/<uuid:own_card_id>/unlock/": ("404 404 404 404 303", "404 404 404 404 303"),
    "mine/unlocks/<uuid:own_unlock_id>/": ("404 404 404 404 303", "405 405 405 405 303"),
    "mine/unlocks/<uuid:own_unlock_id>/status/": ("404 404 404 404 303", "405 405 405 405 303"),
    "mine/unlocks/<uuid:own_unlock_id>/cancel/": ("405 405 405 405 303", "404 404 404 404 303"),
    "mine/cards/<uuid:own_card_id>/block/": ("404 404 404 404 303", "404 404 404 404 303"),
    "mine/mobile/": ("200 200 200 200 303", "405 405 405 405 303"),
    "mine/mobile/new/": ("409 409 409 409 303", "409 409 409 409 303"),
    "mine/mobile/<uuid:own_mobile_id>/": ("404 404 404 404 303", "405 405 405 405 303"),
    "mine/mobile/<uuid:own_mobile_id>/status/": ("404 404 404 404 303", "405 405 405 405 303"),
    "mine/mobile/<uuid:own_mobile_id>/cancel/": ("405 405 405 405 303", "404 404 404 404 303"),
    "mine/mobile/<uuid:own_mobile_id>/approve/": ("405 405 405 405 303", "404 404 404 404 303"),
    "mine/mobile/<uuid:own_mobile_id>/block/": ("404 404 404 404 303", "404 404 404 404 303"),
    "mine/history/": ("200 200 200 200 303", "405 405 405 405 303"),
    "mine/test/": ("200 200 200 200 303", "405 405 405 405 303"),
    "mine/sessions/<uuid:session_id>/end/": ("405 405 405 405 303", "404 404 404 404 303"),
    "login/oob/code": ("405 405 405 405 405", "303 303 303 303 303"),
    "login/mtls/start": ("405 405 405 405 405", "404 404 404 404 404"),
    "login/mtls/return": ("303 303 303 303 303", "405 405 405 405 405"),
    "login/oob/cancel": ("405 405 405 405 405", "303 303 303 303 303"),
    "logout/": ("405 405 405 405 405", "303 303 303 303 303"),
    "role/": ("200 200 200 200 303", "400 400 400 400 303"),
    "session/extend/": ("405 405 405 405 303", "303 303 303 303 303"),
    "language/": ("405 405 405 405 405", "302 302 302 302 302"),
    "status/": ("200 200 200 200 200", "405 405 405 405 405"),
    "status/metrics": ("200 200 200 200 200", "405 405 405 405 405"),
    "status/test/<slug:state>.pem": ("404 404 404 404 404", "405 405 405 405 405"),
    "status/chain/<slug:issuer_key>.pem": ("200 200 200 200 200", "405 405 405 405 405"),
    "accessibility/": ("200 200 200 200 200", "405 405 405 405 405"),
    "cps/": ("200 200 200 200 200", "405 405 405 405 405"),
    "proof/<int:position>/<slug:leaf_hash>/": ("404 404 404 404 404", "405 405 405 405 405"),
    "proof/<int:position>/<slug:leaf_hash>.jsonl": ("404 404 404 404 404", "405 405 405 405 405"),
    "sign/<uuid:act_id>/": ("404 404 404 404 303", "404 404 404 404 303"),
    "sign/<uuid:act_id>/status/": ("404 404 404 404 303", "405 405 405 405 303"),
    "sign/<uuid:act_id>/return/": ("404 404 404 404 303", "405 405 405 405 303"),
    "healthz": ("200 200 200 200 200", "405 405 405 405 405"),
    "c/v1/hello": ("200 200 200 200 200", "405 405 405 405 405"),
    "c/v1/claim": ("405 405 405 405 405", "415 415 415 415 415"),
    "c/v1/respond": ("405 405 405 405 405", "415 415 415 415 415"),
    "c/v1/abort": ("405 405 405 405 405", "415 415 415 415 415"),
    "c/v1/activation/claim": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/activation/answer": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/renewal/claim": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/renewal/keys": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/renewal/certificates": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/renewal/written": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/renewal/receipt": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/renewal/abort": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/renewal/status": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/mobile/claim": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/mobile/key": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/mobile/certificate": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/mobile/confirm": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/mobile/abort": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/mobile/status": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/activation/keys": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/activation/certificates": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/activation/written": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/activation/receipt": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/activation/abort": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/activation/status": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/unlock/claim": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/unlock/answer": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/unlock/confirm": ("405 405 405 405 405", "400 400 400 400 400"),
    "c/v1/unlock/abort": ("405 405 405 405 405", "400 400 400 400 400"),
    "api/v1/function-certificates/": ("401 401 401 401 401", "401 401 401 401 401"),
    "api/v1/function-certificates/<uuid:order_id>/": ("401 401 401 401 401", "401 401 401 401 401"),
    "api/v1/function-certificates/<uuid:order_id>/certificate.pem": (
        "401 401 401 401 401",
        "401 401 401 401 401",
    ),
    "api/v1/function-certificates/<uuid:order_id>/revoke": ("401 401 401 401 401", "401 401 401 401 401"),
    "api/v1/function-certificates/<uuid:order_id>/renewal": ("401 401 401 401 401", "401 401 401 401 401"),
    "api/v1/function-certificates/<uuid:order_id>/receipt": ("401 401 401 401 401", "401 401 401 401 401"),
    "api/v1/function-certificates/<uuid:order_id>/decision": ("401 401 401 401 401", "401 401 401 401 401"),
    "api/v1/function-certificates/<uuid:order_id>/mails": ("401 401 401 401 401", "401 401 401 401 401"),
    "api/v1/function-certificates/<uuid:order_id>/answer": ("401 401 401 401 401", "401 401 401 401 401"),
    "api/v1/function-receipt/": ("401 401 401 401 401", "401 401 401 401 401"),
    "api/v1/function-objects/": ("401 401 401 401 401", "401 401 401 401 401"),
    "api/v1/function-objects/<str:hsa_id>/": ("401 401 401 401 401", "401 401 401 401 401"),
    "api/v1/function-objects/<str:hsa_id>/tags": ("401 401 401 401 401", "401 401 401 401 401"),
    "acme/directory": ("200 200 200 200 200", "405 405 405 405 405"),
    "acme/new-nonce": ("204 204 204 204 204", "405 405 405 405 405"),
    "acme/renewal-info/<str:certificate>": ("404 404 404 404 404", "405 405 405 405 405"),
    "acme/new-account": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/new-order": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/new-authz": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/revoke-cert": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/key-change": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/account/<uuid:account_id>": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/account/<uuid:account_id>/orders": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/account/<uuid:account_id>/orders/after/<uuid:after>": (
        "405 405 405 405 405",
        "415 415 415 415 415",
    ),
    "acme/order/<uuid:order_id>": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/order/<uuid:order_id>/finalize": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/cert/<uuid:order_id>": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/cert/<uuid:order_id>/to-root": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/authz/<uuid:authorization_id>": ("405 405 405 405 405", "415 415 415 415 415"),
    "acme/chall/<uuid:challenge_id>": ("405 405 405 405 405", "415 415 415 415 415"),
    "central/relying-parties/": ("403 403 403 403 303", "403 403 403 403 303"),
    "central/registers/": ("403 403 403 403 303", "403 403 403 403 303"),
    "central/registers/<slug:register>/progress/": ("403 403 403 403 303", "405 405 405 405 303"),
    "central/registers/runs/<uuid:run_id>/": ("404 404 404 404 303", "404 404 404 404 303"),
    "central/registers/runs/<uuid:run_id>/progress/": ("404 404 404 404 303", "405 405 405 405 303"),
    "people/<uuid:person_id>/reserve/": ("409 404 404 404 303", "409 404 404 404 303"),
    "reserve/<uuid:hand_out_id>/": ("403 404 404 404 303", "403 404 404 404 303"),
    "cards/<uuid:card_id>/refill/": ("409 404 404 403 303", "409 404 404 403 303"),
    "mine/reserve/": ("200 200 200 200 200", "422 422 422 422 422"),
    "mine/reserve/status/": ("200 200 200 200 200", "405 405 405 405 405"),
    "mine/reserve/<uuid:card_id>/extend/": ("405 405 405 405 303", "404 404 404 404 303"),
    "stock/": ("200 200 403 403 303", "405 405 405 405 303"),
    "stock/new/": ("200 200 403 403 303", "422 422 403 403 303"),
    "stock/<uuid:stock_place_id>/": ("200 404 404 404 303", "405 405 405 405 303"),
    "stock/<uuid:stock_place_id>/threshold/": ("405 405 405 405 303", "422 404 404 404 303"),
    "stock/<uuid:stock_place_id>/receive/": ("200 404 404 404 303", "422 404 404 404 303"),
    "stock/<uuid:stock_place_id>/send/": ("200 404 404 404 303", "422 404 404 404 303"),
    "stock/<uuid:stock_place_id>/count/": ("200 404 404 404 303", "422 404 404 404 303"),
    "stock/<uuid:stock_place_id>/loss/": ("200 404 404 404 303", "422 404 404 404 303"),
    "stock/<uuid:stock_place_id>/returned/": ("200 404 404 404 303", "422 404 404 404 303"),
    "stock/transfers/<uuid:stock_transfer_id>/": ("200 404 404 404 303", "302 404 404 404 303"),
    "basis/": ("200 200 403 403 303", "302 302 403 403 303"),
    "basis/<slug:subject>/": ("200 200 403 403 303", "302 302 403 403 303"),
    "basis/decisions/<uuid:decision_id>/": ("200 404 403 403 303", "302 404 403 403 303"),
    "basis/decisions/<uuid:decision_id>/progress/": ("200 404 403 403 303", "405 405 405 405 303"),
    "central/issuers/": ("403 403 403 403 303", "405 405 405 405 303"),
    "central/ceremonies/<uuid:ceremony_id>/": ("404 404 404 404 303", "404 404 404 404 303"),
    "central/protocols/<str:name>.<str:form>": ("403 403 403 403 303", "405 405 405 405 303"),
    "help/": ("200 200 200 200 303", "405 405 405 405 303"),
    "organizations/": ("403 403 403 403 303", "405 405 405 405 303"),
    "organizations/<uuid:organization_id>/": ("404 404 404 404 303", "405 405 405 405 303"),
    "organizations/<uuid:organization_id>/change/": ("405 405 405 405 303", "404 404 404 404 303"),
    "organizations/<uuid:organization_id>/logo.png": ("404 404 404 404 303", "405 405 405 405 303"),
    "organizations/<uuid:organization_id>/logo/": ("405 405 405 405 303", "404 404 404 404 303"),
    "organizations/<uuid:organization_id>/agent/": ("405 405 405 405 303", "404 404 404 404 303"),
    "organizations/<uuid:organization_id>/stop/": ("405 405 405 405 303", "404 404 404 404 303"),
    "roles/": ("403 403 403 403 303", "405 405 405 405 303"),
    "roles/give/": ("403 403 403 403 303", "403 403 403 403 303"),
    "roles/confirm/": ("403 403 403 403 303", "403 403 403 403 303"),
    "roles/asked/<uuid:appointment_id>/": ("404 404 404 404 303", "404 404 404 404 303"),
    "roles/<uuid:assignment_id>/revoke/": ("404 404 404 404 303", "404 404 404 404 303"),
    "journal/": ("403 403 403 200 303", "403 403 403 302 303"),
    "journal/export/": ("405 405 405 405 303", "403 403 403 302 303"),
    "journal/events/<int:entry_id>/": ("403 403 403 200 303", "405 405 405 405 303"),
    "journal/events/<int:entry_id>/proof.jsonl": ("403 403 403 404 303", "405 405 405 405 303"),
    "journal/evidence/<uuid:evidence_id>/": ("404 404 404 404 303", "405 405 405 405 303"),
    "journal/evidence/<uuid:evidence_id>/file.json": ("404 404 404 404 303", "405 405 405 405 303"),
    "journal/intact/": ("403 403 403 200 303", "405 405 405 405 303"),
    "journal/intact/status/": ("403 403 403 200 303", "405 405 405 405 303"),
    "journal/intact/<int:size>/": ("403 403 403 404 303", "405 405 405 405 303"),
    "journal/intact/<int:size>/head.txt": ("403 403 403 404 303", "405 405 405 405 303"),
    "journal/compare/": ("403 403 403 200 303", "403 403 403 200 303"),
    "journal/verify.py": ("403 403 403 200 303", "405 405 405 405 303"),
    "journal/audit-key.pem": ("403 403 403 404 303", "405 405 405 405 303"),
    "reports/": ("200 200 200 200 303", "405 405 405 405 303"),
    "reports/ordered/status/": ("200 200 200 200 303", "405 405 405 405 303"),
    "reports/ordered/<uuid:report_id>/file": ("404 404 404 404 303", "405 405 405 405 303"),
    "reports/ordered/<uuid:report_id>/proof.jsonl": ("404 404 404 404 303", "405 405 405 405 303"),
    "reports/old/<uuid:old_report_id>/": ("404 404 404 404 303", "405 405 405 405 303"),
    "reports/schedules/": ("200 200 200 200 303", "302 302 302 403 303"),
    "reports/schedules/<uuid:schedule_id>/end/": ("405 405 405 405 303", "404 404 404 404 303"),
    "reports/overview/": ("200 200 200 200 303", "405 405 405 405 303"),
    "reports/<slug:code>/": ("200 200 403 200 303", "200 200 403 200 303"),
    "": ("200 200 200 302 303", "405 405 405 405 303"),
    "people/search/": ("200 200 200 403 303", "302 302 302 403 303"),
    "people/search/live/": ("405 405 405 405 303", "200 200 200 403 303"),
    "people/units/<uuid:unit_id>/": ("200 404 403 403 303", "405 405 405 405 303"),
    "people/<uuid:person_id>/pictures/<uuid:picture_id>/": ("200 404 404 404 303", "405 405 405 405 303"),
    "functions/": ("403 403 200 200 303", "405 405 405 405 303"),
    "functions/<uuid:function_id>/": ("404 404 200 200 303", "405 405 405 405 303"),
    "functions/<uuid:function_id>/set-up/": ("405 405 405 405 303", "404 404 302 403 303"),
    "functions/<uuid:function_id>/acme/": ("404 404 200 200 303", "404 404 404 404 303"),
    "functions/<uuid:function_id>/order/": ("404 404 200 403 303", "404 404 422 403 303"),
    "functions/export.csv": ("403 403 200 200 303", "405 405 405 405 303"),
    "functions/export.xlsx": ("403 403 200 200 303", "405 405 405 405 303"),
    "functions/approval/": ("405 405 405 405 303", "403 403 403 403 303"),
    "functions/keys/": ("405 405 405 405 303", "403 403 403 403 303"),
    "functions/<uuid:function_id>/order-key/": ("404 404 409 403 303", "404 404 409 403 303"),
    "functions/orders/<uuid:function_order_id>/key/": ("405 405 405 405 303", "404 404 409 403 303"),
    "functions/orders/<uuid:function_order_id>/mail/": ("405 405 405 405 303", "404 404 409 403 303"),
    "functions/tokens/": ("403 403 200 200 303", "403 403 422 403 303"),
    "functions/tokens/<uuid:api_token_id>/end/": ("405 405 405 405 303", "404 404 302 403 303"),
    "functions/notices/": ("403 403 200 200 303", "405 405 405 405 303"),
    "functions/validations/": ("403 403 403 403 303", "403 403 403 403 303"),
    "functions/validations/<uuid:validation_id>/": ("404 404 404 404 303", "404 404 404 404 303"),
    "functions/confirm/<str:link_token>/": ("404 404 404 404 303", "404 404 404 404 303"),
    "functions/orders/<uuid:function_order_id>/": ("404 404 200 200 303", "405 405 405 405 303"),
    "functions/orders/<uuid:function_order_id>/<slug:form>.file": (
        "404 404 404 404 303",
        "405 405 405 405 303",
    ),
    "functions/orders/<uuid:function_order_id>/decide/": ("405 405 405 405 303", "404 404 409 403 303"),
    "functions/orders/<uuid:function_order_id>/receipt/": ("405 405 405 405 303", "404 404 422 422 303"),
    "functions/orders/<uuid:function_order_id>/revoke/": ("405 405 405 405 303", "404 404 422 422 303"),
    "functions/orders/<uuid:function_order_id>/answer/": ("405 405 405 405 303", "404 404 422 422 303"),
    "people/read/": ("405 405 405 405 303", "302 302 403 403 303"),
    "people/<uuid:person_id>/refresh/": ("405 405 405 405 303", "503 404 404 404 303"),
    "people/<uuid:person_id>/open/": ("405 405 405 405 303", "302 404 404 404 303"),
    "people/<uuid:person_id>/": ("200 404 404 302 303", "405 405 405 405 303"),
    "people/<uuid:person_id>/order/": ("200 404 404 404 303", "200 404 404 404 303"),
    "orders/": ("200 200 200 200 303", "405 405 405 405 303"),
    "orders/production/": ("200 200 200 200 303", "405 405 405 405 303"),
    "orders/production/<int:batch_number>/": ("200 404 404 200 303", "405 405 405 405 303"),
    "orders/production/<int:batch_number>/ask/": ("405 405 405 405 303", "403 403 403 403 303"),
    "orders/production/files/<int:file_number>/settle/": ("405 405 405 405 303", "403 403 403 403 303"),
    "orders/bulk/": ("200 200 403 200 303", "405 405 405 405 303"),
    "orders/bulk/new/": ("200 200 403 403 303", "422 422 403 403 303"),
    "orders/bulk/form.csv": ("200 200 403 403 303", "405 405 405 405 303"),
    "orders/bulk/<uuid:bulk_order_id>/": ("200 404 404 200 303", "302 404 404 403 303"),
    "orders/bulk/<uuid:bulk_order_id>/progress/": ("200 404 404 200 303", "405 405 405 405 303"),
    "orders/bulk/<uuid:bulk_order_id>/result.csv": ("200 404 404 200 303", "405 405 405 405 303"),
    "orders/<uuid:order_id>/": ("200 404 404 200 303", "405 405 405 405 303"),
    "orders/<uuid:order_id>/status/": ("200 404 404 200 303", "405 405 405 405 303"),
    "orders/<uuid:order_id>/cancel/": ("405 405 405 405 303", "409 404 404 403 303"),
    "cards/<uuid:card_id>/activate/": ("409 404 404 403 303", "409 404 404 403 303"),
    "cards/<uuid:card_id>/unlock/": ("200 404 404 403 303", "422 404 404 403 303"),
    "cards/<uuid:card_id>/puk-letter/": ("200 404 404 403 303", "302 404 404 403 303"),
    "cards/<uuid:card_id>/renew/": ("200 404 404 403 303", "422 404 404 403 303"),
    "cards/<uuid:card_id>/extra/<slug:extra_hsa_id>/": ("409 404 404 403 303", "409 404 404 403 303"),
    "renewals/<uuid:renewal_id>/": ("200 404 404 200 303", "405 405 405 405 303"),
    "renewals/<uuid:renewal_id>/status/": ("200 404 404 200 303", "405 405 405 405 303"),
    "renewals/<uuid:renewal_id>/cancel/": ("405 405 405 405 303", "302 404 404 403 303"),
    "unlocks/<uuid:unlock_id>/": ("200 404 404 200 303", "405 405 405 405 303"),
    "unlocks/<uuid:unlock_id>/status/": ("200 404 404 200 303", "405 405 405 405 303"),
    "unlocks/<uuid:unlock_id>/cancel/": ("405 405 405 405 303", "302 404 404 403 303"),
    "renewals/<uuid:renewal_id>/receipt/": ("404 404 404 404 303", "405 405 405 405 303"),
    "renewals/<uuid:renewal_id>/receipt/proof/": ("404 404 404 404 303", "405 405 405 405 303"),
    "renewals/<uuid:renewal_id>/receipt/seal/": ("404 404 404 404 303", "404 404 404 404 303"),
    "renewals/<uuid:renewal_id>/receipt.pdf": ("404 404 404 404 303", "405 405 405 405 303"),
    "people/<uuid:person_id>/block/": ("200 404 404 404 303", "422 404 404 404 303"),
    "cards/<uuid:card_id>/replace/": ("200 404 404 403 303", "422 404 404 403 303"),
    "cards/<uuid:card_id>/block/": ("200 404 404 403 303", "422 404 404 403 303"),
    "certificates/<uuid:certificate_id>/block/": ("200 404 404 403 303", "422 404 404 403 303"),
    "paper-log/": ("200 200 403 403 303", "422 422 403 403 303"),
    "paper-log/form.csv": ("200 200 403 403 303", "405 405 405 405 303"),
    "cards/<uuid:card_id>/landing/": ("200 404 404 200 303", "405 405 405 405 303"),
    "cards/<uuid:card_id>/landing/receipt/": ("405 405 405 405 303", "409 404 404 403 303"),
    "cards/<uuid:card_id>/landing/receipt.pdf": ("409 404 404 409 303", "405 405 405 405 303"),
    "activations/<uuid:activation_id>/": ("200 404 404 200 303", "405 405 405 405 303"),
    "activations/<uuid:activation_id>/status/": ("200 404 404 200 303", "405 405 405 405 303"),
    "activations/<uuid:activation_id>/cancel/": ("405 405 405 405 303", "409 404 404 403 303"),
    "activations/<uuid:activation_id>/receipt/": ("200 404 404 200 303", "405 405 405 405 303"),
    "activations/<uuid:activation_id>/receipt/proof/": ("200 404 404 200 303", "405 405 405 405 303"),
    "cards/<uuid:card_id>/block/receipt/": ("404 404 404 404 303", "405 405 405 405 303"),
    "cards/<uuid:card_id>/block/receipt/proof/": ("404 404 404 404 303", "405 405 405 405 303"),
    "activations/<uuid:activation_id>/receipt/seal/": ("302 404 404 302 303", "302 404 404 403 303"),
    "cards/<uuid:card_id>/block/receipt/seal/": ("404 404 404 404 303", "404 404 404 404 303"),
    "cards/<uuid:card_id>/block/receipt.pdf": ("404 404 404 404 303", "405 405 405 405 303"),
    "activations/<uuid:activation_id>/receipt.pdf": ("409 404 404 409 303", "405 405 405 405 303"),
}


def addresses(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Return every address that the portal knows, as its pattern."""
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, path)
        elif isinstance(entry, URLPattern):
            yield path


def _stock(scene: Scene) -> dict[str, str]:
    """Put reserve cards of Region Norr in stock, one of them on its way to another place."""
    transfer = a_transfer(scene)
    hand_out = a_hand_out(scene, first=600)
    return {
        "stock_place_id": str(transfer.source_id),
        "stock_transfer_id": str(transfer.pk),
        "hand_out_id": str(hand_out.pk),
    }


def _picture(scene: Scene) -> CardPicture:
    return keep_picture(
        hsa_id=scene.cast.asa.hsa_id,
        kind=PictureKind.SIGNATURE,
        source=PictureSource.UNABLE,
        content=b"",
        actor=scene.cast.alva,
        at=scene.at,
    )


def specimens(scene: Scene) -> dict[str, str]:
    """Return what stands in addresses, by name: ids of an active card of Region Norr and all around it."""
    card = an_active_card(scene)
    renewal = an_open_renewal(scene, card).renewal
    unit = Unit.objects.create(
        organization=scene.cast.norr, name="Akutmottagningen Norr", hsa_id="SE2321000016-E001"
    )
    function = register_function_object(
        hsa_id="SE2321000016-JOURNAL",
        kind=FunctionKind.SERVER,
        name="Journalsystemet Norr",
        organization=scene.cast.norr,
        actor=Actor.system("test"),
        at=scene.at,
    )
    validate_names(
        hsa_id=function.hsa_id, names=("journal.norr.test",), actor=Actor.system("test"), at=scene.at
    )
    return {
        "unit_id": str(unit.pk),
        "function_id": str(function.pk),
        "function_order_id": str(_function_order(scene, function).pk),
        "hsa_id": function.hsa_id,
        "validation_id": str(function.name_validations.get().pk),
        "api_token_id": str(a_token(scene).pk),
        "form": "pem",
        "link_token": "x" * 43,
        "person_id": str(card.person_id),
        "picture_id": str(_picture(scene).pk),
        "order_id": str(card.order_id),
        "bulk_order_id": str(prepared(scene, scene.cast.asa.hsa_id).pk),
        "card_id": str(card.pk),
        "batch_number": str(ProductionBatch.objects.get(rows__order=card.order_id).pk),
        "file_number": "1",
        "certificate_id": str(
            Certificate.objects.filter(carrier_id=str(card.pk)).values_list("pk", flat=True)[0]
        ),
        "ceremony_id": str(uuid.uuid4()),
        **_stock(scene),
        "register": "pu",
        "run_id": str(SyncRun.objects.create(register="pu", started_at=scene.at).pk),
        "subject": "card",
        "decision_id": str(a_decision(scene, card).pk),
        "appointment_id": str(uuid.uuid4()),
        "act_id": str(uuid.uuid4()),
        "session_id": str(uuid.uuid4()),
        "evidence_id": str(uuid.uuid4()),
        "organization_id": str(scene.cast.norr.pk),
        "account_id": str(uuid.uuid4()),
        "after": str(uuid.uuid4()),
        "authorization_id": str(uuid.uuid4()),
        "challenge_id": str(uuid.uuid4()),
        "certificate": "AAAA.AAAA",
        "assignment_id": str(RoleAssignment.objects.get(employment__hsa_id=scene.cast.alva.identifier).pk),
        "activation_id": str(Activation.objects.get(card=card).pk),
        "unlock_id": str((unlock := an_open_unlock(scene, card).unlock).pk),
        "own_unlock_id": str(unlock.pk),
        "renewal_id": str(renewal.pk),
        "own_renewal_id": str(renewal.pk),
        "own_mobile_id": "00000000-0000-0000-0000-000000000009",
        "own_activation_id": str(Activation.objects.get(card=card).pk),
        "own_card_id": str(card.pk),
        "extra_hsa_id": card.hsa_id,
        "entry_id": str(Entry.objects.get(type="card.activated").pk),
        "size": "1",
        "position": "1",
        "leaf_hash": "0" * 64,
        "state": "good",
        "issuer_key": "root",
        "report_id": str(uuid.uuid4()),
        "old_report_id": str(uuid.uuid4()),
        "schedule_id": str(uuid.uuid4()),
        "code": "s1",
    }


def a_token(scene: Scene, *, label: str = "API-nyckeln Norr") -> ApiToken:
    """Make a token that acts as Bo."""
    made = create_token(
        hsa_id=scene.cast.bo.identifier,
        role=scene.cast.bo.role,
        label=label,
        actor=Actor.operator("create_api_token"),
        at=scene.at,
    )
    return made.api_token


def _function_order(scene: Scene, function: FunctionObject) -> FunctionOrder:
    """Let Bo order a certificate for a function."""
    return order_certificate(hsa_id=function.hsa_id, csr=request_for(), actor=scene.cast.bo, at=scene.at)


@pytest.fixture
def stage(scene: Scene, settings: Settings) -> Iterator[Mapping[str, str]]:
    """Return the specimens, in a house whose registers do not answer."""
    settings.SIGILL_HSA_URL = settings.SIGILL_PU_URL = "http://127.0.0.1:9"  # nobody answers there
    registers.forget()
    yield specimens(scene)
    registers.forget()


def a_decision(scene: Scene, card: Card) -> BasisDecision:
    """Let Alva decide to block a card of her own region."""
    chosen = Chosen(
        subject_id=card.pk, person_id=card.person_id, organization_id=card.organization_id, ground="deceased"
    )
    return decide(BasisSubject.CARD, [chosen], reason="dead", actor=scene.cast.alva, at=scene.at)


def answer(cookie: str, method: str, url: str) -> int:
    """Return the status of the answer, and leave everything as it was."""
    browser = Client()
    browser.cookies[django_settings.SESSION_COOKIE_NAME] = cookie
    with transaction.atomic():
        response = getattr(browser, method)(url)
        status: int = response.status_code
        transaction.set_rollback(True)
    return status


def test_every_address_answers_each_of_the_cast_as_the_table_says(
    scene: Scene, stage: Mapping[str, str], log_in: LogIn
) -> None:
    """F16: a new address without a row fails here; so does a row that no address has."""
    cookies = {
        name: log_in(getattr(scene.cast, name)).cookies[django_settings.SESSION_COOKIE_NAME].value
        for name in PEOPLE[:-1]
    }
    cookies["nobody"] = ""
    found = {}
    for address in addresses(get_resolver("portal.urls")):
        url = "/" + re.sub(r"<(?:uuid|int|slug):(\w+)>", lambda one: stage[one.group(1)], address)
        found[address] = tuple(
            " ".join(str(answer(cookies[name], method, url)) for name in PEOPLE) for method in ("get", "post")
        )
    assert set(found) == set(TABLE), "an address without a row, or a row without an address"
    assert {address: row for address, row in found.items() if TABLE[address] != row} == {}


def test_what_belongs_to_region_norr_is_answered_to_doris_as_if_it_did_not_exist() -> None:
    """The table itself: no row with an id gives another organization anything but 404 (or 405)."""
    for address, (get, post) in TABLE.items():
        if "<uuid:" in address and not address.startswith(("api/", "acme/")):
            assert {get.split()[1], post.split()[1]} <= {"404", "405"}, address
            assert {get.split()[4], post.split()[4]} == {"303"}, address
