"""Every address of the portal and the view behind it."""

from django.urls import URLPattern, URLResolver, include, path

from portal import problems
from portal.pages.auditor import compare, event, evidence, export, heads, journal
from portal.pages.basis import decision, lists
from portal.pages.bulk import export as bulk_export
from portal.pages.bulk import listing as bulk_listing
from portal.pages.bulk import showing as bulk_showing
from portal.pages.bulk import starting as bulk_starting
from portal.pages.central import (
    ceremony,
    issuers,
    protocols,
    register_run,
    registers,
    relying_parties,
)
from portal.pages.desk import (
    activating,
    block_receipt,
    blocking,
    certificate_block,
    landing_receipt,
    opening,
    order_pictures,
    ordering,
    orders,
    paper_log,
    people,
    person,
    person_block,
    production,
    puk_letter,
    reading,
    receipt,
    renewal_receipt,
    renewing,
    replacing,
    today,
    unlocking,
)
from portal.pages.managers import deciding, giving, organizations, roles
from portal.pages.mine import blocking as own_blocking
from portal.pages.mine import history as own_history
from portal.pages.mine import mobile as own_mobiles
from portal.pages.mine import receipt as own_receipt
from portal.pages.mine import renewing as own_renewing
from portal.pages.mine import unlocking as own_unlocking
from portal.pages.orderer import acme, function, functions, key_order, notices, validating
from portal.pages.orderer import order as function_order
from portal.pages.orderer import ordering as function_ordering
from portal.pages.orderer import tokens as function_tokens
from portal.pages.public import (
    accessibility,
    cps,
    health,
    language,
    proof,
    specimens,
    status,
    status_metrics,
)
from portal.pages.reports import catalogue as reports_catalogue
from portal.pages.reports import dashboard, recurring, report
from portal.pages.reserve import approving as reserve_approving
from portal.pages.reserve import fetching as reserve_fetching
from portal.pages.reserve import handing as reserve_handing
from portal.pages.reserve import refilling as reserve_refilling
from portal.pages.stock import hand_over as stock_hand_over
from portal.pages.stock import overview as stock
from portal.pages.stock import place as stock_place
from portal.pages.stock import place_acts as stock_acts

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.accounts.urls")),
    path("sign/", include("portal.signing.urls")),
    # Everybody
    path("language/", language.choose_language, name="language"),
    path("status/", status.show_status, name="status"),
    path("status/metrics", status_metrics.show_metrics, name="status-metrics"),
    path("status/test/<slug:state>.pem", specimens.download_specimen, name="status-specimen"),
    path("status/chain/<slug:issuer_key>.pem", specimens.download_chain, name="status-chain"),
    path("accessibility/", accessibility.accessibility, name="accessibility"),
    path("cps/", cps.show_cps, name="cps"),
    path("proof/<int:position>/<slug:leaf_hash>/", proof.show_proof, name="proof"),
    path("proof/<int:position>/<slug:leaf_hash>.jsonl", proof.download_bundle, name="proof-bundle"),
    path("healthz", health.healthz, name="healthz"),
    # Callers that prove themselves by key or token
    path("c/v1/", include("authn.api")),
    path("c/v1/activation/", include("cards.api")),
    path("c/v1/unlock/", include("cards.unlock_api")),
    path("c/v1/renewal/", include("cards.renewal.api")),
    path("c/v1/mobile/", include("cards.mobile.api")),
    path("api/v1/", include("functioncerts.api")),
    path("acme/", include("functioncerts.acme.urls")),
    # The journal
    path("journal/", journal.show_journal, name="journal"),
    path("journal/export/", export.export, name="journal-export"),
    path("journal/events/<int:entry_id>/", event.show_event, name="journal-event"),
    path("journal/events/<int:entry_id>/proof.jsonl", event.download_proof, name="journal-proof"),
    path("journal/evidence/<uuid:evidence_id>/", evidence.show_evidence, name="evidence"),
    path("journal/evidence/<uuid:evidence_id>/file.json", evidence.download_evidence, name="evidence-file"),
    path("journal/intact/", heads.show_intact, name="journal-intact"),
    path("journal/intact/status/", heads.show_standing, name="journal-standing"),
    path("journal/intact/<int:size>/", heads.show_head, name="journal-head"),
    path("journal/intact/<int:size>/head.txt", heads.download_head, name="journal-head-note"),
    path("journal/compare/", compare.show_comparison, name="journal-compare"),
    path("journal/verify.py", heads.download_verifier, name="journal-verifier"),
    path("journal/audit-key.pem", heads.download_key, name="journal-key"),
    # Reports
    path("reports/", reports_catalogue.show_reports, name="reports"),
    path("reports/ordered/status/", reports_catalogue.show_progress, name="reports-status"),
    path("reports/ordered/<uuid:report_id>/file", reports_catalogue.download_file, name="report-file"),
    path(
        "reports/ordered/<uuid:report_id>/proof.jsonl", reports_catalogue.download_proof, name="report-proof"
    ),
    path("reports/old/<uuid:old_report_id>/", reports_catalogue.download_old, name="old-report"),
    path("reports/schedules/", recurring.show_schedules, name="report-schedules"),
    path("reports/schedules/<uuid:schedule_id>/end/", recurring.end, name="report-schedule-end"),
    path("reports/overview/", dashboard.show_dashboard, name="dashboard"),
    path("reports/<slug:code>/", report.show_report, name="report"),
    # The central administration
    path("central/issuers/", issuers.show_issuers, name="issuers"),
    path("central/ceremonies/<uuid:ceremony_id>/", ceremony.show_ceremony, name="ceremony"),
    path("central/protocols/<str:name>.<str:form>", protocols.fetch_protocol, name="protocol"),
    # Roles and organizations
    path("help/", roles.show_help, name="help"),
    path("organizations/", organizations.show_organizations, name="organizations"),
    path("organizations/<uuid:organization_id>/", organizations.show_organization, name="organization"),
    path("organizations/<uuid:organization_id>/change/", organizations.change, name="organization-change"),
    path("organizations/<uuid:organization_id>/logo.png", organizations.show_logo, name="organization-logo"),
    path(
        "organizations/<uuid:organization_id>/logo/",
        organizations.change_logo,
        name="organization-logo-change",
    ),
    path(
        "organizations/<uuid:organization_id>/agent/",
        organizations.change_agent,
        name="organization-agent",
    ),
    path("organizations/<uuid:organization_id>/stop/", organizations.change_stop, name="organization-stop"),
    path("roles/", roles.show_roles, name="roles"),
    path("roles/give/", giving.give, name="role-give"),
    path("roles/confirm/", deciding.confirm, name="roles-confirm"),
    path("roles/asked/<uuid:appointment_id>/", deciding.decide, name="role-appointment"),
    path("roles/<uuid:assignment_id>/revoke/", deciding.take, name="role-revoke"),
    path("central/relying-parties/", relying_parties.show_services, name="relying-parties"),
    path("central/registers/", registers.show_registers, name="registers"),
    path(
        "central/registers/<slug:register>/progress/",
        registers.show_register_progress,
        name="register-progress",
    ),
    path("central/registers/runs/<uuid:run_id>/", register_run.show_run, name="register-run"),
    path(
        "central/registers/runs/<uuid:run_id>/progress/",
        register_run.show_run_progress,
        name="register-run-progress",
    ),
    # Reserve cards in stock
    path("stock/", stock.show_stock, name="stock"),
    path("stock/new/", stock.new_place, name="stock-new"),
    path("stock/<uuid:stock_place_id>/", stock_place.show_place, name="stock-place"),
    path("stock/<uuid:stock_place_id>/threshold/", stock_place.change_threshold, name="stock-threshold"),
    path("stock/<uuid:stock_place_id>/receive/", stock_acts.receive, name="stock-receive"),
    path("stock/<uuid:stock_place_id>/send/", stock_acts.send, name="stock-send"),
    path("stock/<uuid:stock_place_id>/count/", stock_acts.count, name="stock-count"),
    path("stock/<uuid:stock_place_id>/loss/", stock_acts.loss, name="stock-loss"),
    path("stock/<uuid:stock_place_id>/returned/", stock_acts.returned, name="stock-returned"),
    path("stock/transfers/<uuid:stock_transfer_id>/", stock_hand_over.transfer, name="stock-transfer"),
    path("people/<uuid:person_id>/reserve/", reserve_handing.hand_out, name="reserve-hand-out"),
    path("reserve/<uuid:hand_out_id>/", reserve_approving.approve, name="reserve-approve"),
    path("cards/<uuid:card_id>/refill/", reserve_refilling.order, name="reserve-refill"),
    path("mine/reserve/", reserve_fetching.fetch, name="own-reserve"),
    path("mine/reserve/status/", reserve_fetching.show_fetching, name="own-reserve-status"),
    path("mine/reserve/<uuid:card_id>/extend/", reserve_fetching.extend, name="own-reserve-extend"),
    # Basis lists
    path("basis/", lists.show_basis, name="basis-start"),
    path("basis/<slug:subject>/", lists.show_basis, name="basis"),
    path("basis/decisions/<uuid:decision_id>/", decision.show_decision, name="basis-decision"),
    path(
        "basis/decisions/<uuid:decision_id>/progress/",
        decision.show_decision_progress,
        name="basis-decision-progress",
    ),
    # The desk
    path("", today.show_today, name="today"),
    path("people/search/", people.search_people, name="people-search"),
    path("people/search/live/", people.search_live, name="people-search-live"),
    path("people/units/<uuid:unit_id>/", people.show_unit, name="unit"),
    path("people/read/", reading.read_new, name="people-read"),
    path("people/<uuid:person_id>/refresh/", reading.read_again, name="person-refresh"),
    path("people/<uuid:person_id>/block/", person_block.block_person, name="block-person"),
    path("people/<uuid:person_id>/open/", opening.open_person, name="person-open"),
    path("people/<uuid:person_id>/", person.show_person, name="person"),
    path("people/<uuid:person_id>/order/", ordering.order_card, name="order-card"),
    path("people/<uuid:person_id>/pictures/<uuid:picture_id>/", order_pictures.show, name="card-picture"),
    path("functions/", functions.show_functions, name="functions"),
    path("functions/export.csv", functions.export_functions, name="functions-export"),
    path("functions/export.xlsx", functions.export_workbook, name="functions-workbook"),
    path("functions/approval/", functions.decide_approval, name="functions-approval"),
    path("functions/keys/", key_order.decide_keys, name="functions-keys"),
    path("functions/tokens/", function_tokens.show_tokens, name="function-tokens"),
    path("functions/tokens/<uuid:api_token_id>/end/", function_tokens.end_token, name="function-token-end"),
    path("functions/notices/", notices.show_notices, name="function-notices"),
    path("functions/validations/", validating.show_validations, name="validations"),
    path("functions/validations/<uuid:validation_id>/", validating.show_validation, name="validation"),
    path("functions/confirm/<str:link_token>/", validating.answer_link, name="validation-link"),
    path("functions/orders/<uuid:function_order_id>/", function_order.show_order, name="function-order"),
    path(
        "functions/orders/<uuid:function_order_id>/<slug:form>.file",
        function_order.fetch,
        name="function-order-file",
    ),
    path(
        "functions/orders/<uuid:function_order_id>/decide/",
        function_order.decide,
        name="function-order-decide",
    ),
    path(
        "functions/orders/<uuid:function_order_id>/receipt/",
        function_order.accept,
        name="function-order-receipt",
    ),
    path(
        "functions/orders/<uuid:function_order_id>/revoke/",
        function_order.revoke,
        name="function-order-revoke",
    ),
    path(
        "functions/orders/<uuid:function_order_id>/answer/",
        function_order.answer,
        name="function-order-answer",
    ),
    path("functions/<uuid:function_id>/", function.show_function, name="function"),
    path("functions/<uuid:function_id>/set-up/", function.set_up, name="function-set-up"),
    path("functions/<uuid:function_id>/acme/", acme.show_acme, name="function-acme"),
    path("functions/<uuid:function_id>/order-key/", key_order.order_key, name="function-order-with-key"),
    path("functions/orders/<uuid:function_order_id>/key/", key_order.fetch_key, name="function-order-key"),
    path(
        "functions/orders/<uuid:function_order_id>/mail/",
        key_order.send_by_mail,
        name="function-order-mail",
    ),
    path(
        "functions/<uuid:function_id>/order/",
        function_ordering.order_function_certificate,
        name="function-order-new",
    ),
    path("orders/", orders.show_orders, name="orders"),
    path("orders/production/", production.show_files, name="production"),
    path("orders/production/<int:batch_number>/", production.show_batch, name="production-batch"),
    path("orders/production/<int:batch_number>/ask/", production.ask, name="production-ask"),
    path("orders/production/files/<int:file_number>/settle/", production.settle, name="production-settle"),
    path("orders/bulk/", bulk_listing.show_bulk_orders, name="bulk-orders"),
    path("orders/bulk/new/", bulk_starting.start_bulk_order, name="bulk-order-new"),
    path("orders/bulk/form.csv", bulk_starting.get_list_form, name="bulk-order-form"),
    path("orders/bulk/<uuid:bulk_order_id>/", bulk_showing.show_bulk_order, name="bulk-order"),
    path(
        "orders/bulk/<uuid:bulk_order_id>/progress/",
        bulk_showing.show_bulk_progress,
        name="bulk-order-progress",
    ),
    path(
        "orders/bulk/<uuid:bulk_order_id>/result.csv",
        bulk_export.export_bulk_order,
        name="bulk-order-export",
    ),
    path("orders/<uuid:order_id>/", orders.show_order, name="order"),
    path("orders/<uuid:order_id>/status/", orders.show_production, name="order-status"),
    path("orders/<uuid:order_id>/cancel/", orders.cancel, name="order-cancel"),
    path("cards/<uuid:card_id>/activate/", activating.check_identity, name="activate-card"),
    path("cards/<uuid:card_id>/block/", blocking.block, name="block-card"),
    path("cards/<uuid:card_id>/replace/", replacing.replace_card, name="replace-card"),
    path("certificates/<uuid:certificate_id>/block/", certificate_block.block_one, name="block-certificate"),
    path("paper-log/", paper_log.show_paper_log, name="paper-log"),
    path("paper-log/form.csv", paper_log.get_form, name="paper-log-form"),
    path("cards/<uuid:card_id>/landing/", blocking.show_landing, name="card-landing"),
    path(
        "cards/<uuid:card_id>/landing/receipt/",
        landing_receipt.ask_landing_receipt,
        name="card-landing-receipt",
    ),
    path(
        "cards/<uuid:card_id>/landing/receipt.pdf",
        landing_receipt.landing_receipt_pdf,
        name="card-landing-receipt-pdf",
    ),
    path("cards/<uuid:card_id>/unlock/", unlocking.check_identity, name="unlock-card"),
    path("cards/<uuid:card_id>/puk-letter/", puk_letter.order, name="puk-letter"),
    path("cards/<uuid:card_id>/renew/", renewing.check_identity, name="renew-card"),
    path("cards/<uuid:card_id>/extra/<slug:extra_hsa_id>/", renewing.add_pair, name="extra-pair"),
    path("renewals/<uuid:renewal_id>/", renewing.show_renewal, name="renewal"),
    path("renewals/<uuid:renewal_id>/status/", renewing.show_status, name="renewal-status"),
    path("renewals/<uuid:renewal_id>/cancel/", renewing.cancel, name="renewal-cancel"),
    path("renewals/<uuid:renewal_id>/receipt/", renewal_receipt.show, name="renewal-receipt"),
    path(
        "renewals/<uuid:renewal_id>/receipt/proof/", renewal_receipt.show_proof, name="renewal-receipt-proof"
    ),
    path("renewals/<uuid:renewal_id>/receipt/seal/", renewal_receipt.seal, name="renewal-receipt-seal"),
    path("renewals/<uuid:renewal_id>/receipt.pdf", renewal_receipt.fetch, name="renewal-receipt-pdf"),
    path("mine/renewals/<uuid:own_renewal_id>/receipt/", own_receipt.show, name="own-renewal-receipt"),
    path(
        "mine/renewals/<uuid:own_renewal_id>/receipt/proof/",
        own_receipt.show_proof,
        name="own-renewal-receipt-proof",
    ),
    path(
        "mine/renewals/<uuid:own_renewal_id>/receipt/seal/", own_receipt.seal, name="own-renewal-receipt-seal"
    ),
    path(
        "mine/renewals/<uuid:own_renewal_id>/receipt.pdf", own_receipt.fetch, name="own-renewal-receipt-pdf"
    ),
    path(
        "mine/activations/<uuid:own_activation_id>/receipt/",
        own_receipt.show,
        name="own-activation-receipt",
    ),
    path(
        "mine/activations/<uuid:own_activation_id>/receipt/proof/",
        own_receipt.show_proof,
        name="own-activation-receipt-proof",
    ),
    path(
        "mine/activations/<uuid:own_activation_id>/receipt/seal/",
        own_receipt.seal,
        name="own-activation-receipt-seal",
    ),
    path(
        "mine/activations/<uuid:own_activation_id>/receipt.pdf",
        own_receipt.fetch,
        name="own-activation-receipt-pdf",
    ),
    path("mine/mobile/", own_mobiles.show_mobiles, name="own-mobiles"),
    path("mine/mobile/new/", own_mobiles.make, name="own-mobile-new"),
    path("mine/mobile/<uuid:own_mobile_id>/", own_mobiles.show, name="own-mobile"),
    path("mine/mobile/<uuid:own_mobile_id>/status/", own_mobiles.show_status, name="own-mobile-status"),
    path("mine/mobile/<uuid:own_mobile_id>/approve/", own_mobiles.approve, name="own-mobile-approve"),
    path("mine/mobile/<uuid:own_mobile_id>/cancel/", own_mobiles.cancel, name="own-mobile-cancel"),
    path("mine/mobile/<uuid:own_mobile_id>/block/", own_mobiles.block, name="own-mobile-block"),
    path("mine/history/", own_history.show_history, name="own-history"),
    path("mine/test/", own_history.show_test, name="own-test"),
    path("mine/cards/<uuid:own_card_id>/block/", own_blocking.block, name="own-block"),
    path("mine/cards/<uuid:own_card_id>/certificates/", own_renewing.begin, name="own-renewal-begin"),
    path("mine/renewals/<uuid:own_renewal_id>/", own_renewing.show, name="own-renewal"),
    path("mine/renewals/<uuid:own_renewal_id>/status/", own_renewing.show_status, name="own-renewal-status"),
    path("mine/renewals/<uuid:own_renewal_id>/cancel/", own_renewing.cancel, name="own-renewal-cancel"),
    path("mine/cards/<uuid:own_card_id>/unlock/", own_unlocking.begin, name="own-unlock-begin"),
    path("mine/unlocks/<uuid:own_unlock_id>/", own_unlocking.show, name="own-unlock"),
    path("mine/unlocks/<uuid:own_unlock_id>/status/", own_unlocking.show_status, name="own-unlock-status"),
    path("mine/unlocks/<uuid:own_unlock_id>/cancel/", own_unlocking.cancel, name="own-unlock-cancel"),
    path("unlocks/<uuid:unlock_id>/", unlocking.show_unlock, name="unlock"),
    path("unlocks/<uuid:unlock_id>/status/", unlocking.show_status, name="unlock-status"),
    path("unlocks/<uuid:unlock_id>/cancel/", unlocking.cancel, name="unlock-cancel"),
    path("activations/<uuid:activation_id>/", activating.show_activation, name="activation"),
    path("activations/<uuid:activation_id>/status/", activating.show_status, name="activation-status"),
    path("activations/<uuid:activation_id>/cancel/", activating.cancel, name="activation-cancel"),
    path("activations/<uuid:activation_id>/receipt/", receipt.show_receipt, name="activation-receipt"),
    path(
        "activations/<uuid:activation_id>/receipt/proof/",
        receipt.show_receipt_proof,
        name="activation-receipt-proof",
    ),
    path(
        "activations/<uuid:activation_id>/receipt/seal/", receipt.seal_receipt, name="activation-receipt-seal"
    ),
    path("cards/<uuid:card_id>/block/receipt/", block_receipt.show_block_receipt, name="block-receipt"),
    path(
        "cards/<uuid:card_id>/block/receipt/seal/",
        block_receipt.seal_block_receipt,
        name="block-receipt-seal",
    ),
    path(
        "cards/<uuid:card_id>/block/receipt/proof/",
        block_receipt.show_block_proof,
        name="block-receipt-proof",
    ),
    path(
        "cards/<uuid:card_id>/block/receipt.pdf",
        block_receipt.print_block_receipt,
        name="block-receipt-pdf",
    ),
    path(
        "activations/<uuid:activation_id>/receipt.pdf", receipt.print_receipt, name="activation-receipt-pdf"
    ),
]

handler400 = problems.bad_request
handler403 = problems.forbidden
handler404 = problems.not_found
handler500 = problems.server_error
