"""Settings of the portal, the worker and every command; what may differ comes from the environment."""

import os
from pathlib import Path

from portal import config

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where this installation keeps its things ------------------------------------------------------
SIGILL_HOME = Path(config.text("SIGILL_HOME", str(BASE_DIR / "var"))).absolute()
config.private_directory(SIGILL_HOME.resolve())
SIGILL_RUN = config.run_directory(SIGILL_HOME)
SIGILL_SECRETS = SIGILL_HOME / "secrets"
SIGILL_PUBLIC = SIGILL_HOME / "public"

SIGILL_PORTAL_PORT = config.port("SIGILL_PORTAL_PORT", 8000)
SIGILL_STATUS_PORT = config.port("SIGILL_STATUS_PORT", 8080)
SIGILL_CLIENT_PORT = config.port("SIGILL_CLIENT_PORT", 8100)
SIGILL_DIRECTORY_PORT = config.port("SIGILL_DIRECTORY_PORT", 8101)
SIGILL_FACTORY_PORT = config.port("SIGILL_FACTORY_PORT", 8102)

SIGILL_PORTAL_URL = config.text("SIGILL_PORTAL_URL", f"http://127.0.0.1:{SIGILL_PORTAL_PORT}")
# Login by two-way TLS besides the card client (authn/README.md): the login host, and the number of the last
# name below it that asks for a certificate. Unset: people log in out of band only (POR-3).
SIGILL_MTLS_URL = config.origin("SIGILL_MTLS_URL")
SIGILL_MTLS_HIGHEST_SLOT = config.number("SIGILL_MTLS_HIGHEST_SLOT", 24)
if SIGILL_MTLS_HIGHEST_SLOT > 24:  # noqa: PLR2004 - AUT-6, and one for each try (authn/mtls/states.py)
    raise config.ConfigurationError("SIGILL_MTLS_HIGHEST_SLOT is at most 24")
SIGILL_STATUS_URL = config.text("SIGILL_STATUS_URL", f"http://127.0.0.1:{SIGILL_STATUS_PORT}")
# Each node that serves status, by its own address: the probe asks them all. Empty: the public address alone.
SIGILL_STATUS_NODES = tuple(filter(None, config.text("SIGILL_STATUS_NODES", "").split(",")))
SIGILL_CLIENT_URL = config.text("SIGILL_CLIENT_URL", f"http://127.0.0.1:{SIGILL_CLIENT_PORT}")
SIGILL_HSA_URL = config.text("SIGILL_HSA_URL", f"https://127.0.0.1:{SIGILL_DIRECTORY_PORT}/hsa")
SIGILL_PU_URL = config.text("SIGILL_PU_URL", f"https://127.0.0.1:{SIGILL_DIRECTORY_PORT}/pu")
SIGILL_FACTORY_URL = config.text("SIGILL_FACTORY_URL", f"http://127.0.0.1:{SIGILL_FACTORY_PORT}")

# --- The CA ----------------------------------------------------------------------------------------
SIGILL_ENVIRONMENT = config.text("SIGILL_ENVIRONMENT", "TEST")
# What the names of PROD's issuers begin with; the ceremony records it. QA's always begin with "TEST ".
SIGILL_NAME_PREFIX = config.text("SIGILL_NAME_PREFIX", "")
SIGILL_HIERARCHY = config.text("SIGILL_HIERARCHY", "p384")
SIGILL_QA_HIERARCHY = config.text("SIGILL_QA_HIERARCHY", SIGILL_HIERARCHY)
SIGILL_QA_STATUS_URL = config.text("SIGILL_QA_STATUS_URL", SIGILL_STATUS_URL)
# The last day of QA's manual routine (manage.py qa_manual, QA-4): the acceptance test's. Unset: it is off.
SIGILL_QA_MANUAL_UNTIL = config.day("SIGILL_QA_MANUAL_UNTIL")
# Addresses that stand in certificates from before a move: they are answered and trusted on (PKI-2).
SIGILL_EARLIER_STATUS_URLS = config.listed("SIGILL_EARLIER_STATUS_URLS")
SIGILL_EARLIER_PORTAL_URLS = config.listed("SIGILL_EARLIER_PORTAL_URLS")
# Whose certificates ordinary cards from before 2024-01-24 carry besides ours, and who revokes them (PKI-5).
SIGILL_FOREIGN_ISSUER = config.text("SIGILL_FOREIGN_ISSUER", "Telia")
SIGILL_FOREIGN_ISSUER_PHONE = config.text("SIGILL_FOREIGN_ISSUER_PHONE", "020-32 32 62")
SIGILL_POLICY_ARC = config.text("SIGILL_POLICY_ARC", "1.3.6.1.4.1.32473.752.8")
# QA states PROD's policies unless it has an arc of its own (ca/README.md says why).
SIGILL_QA_POLICY_ARC = config.text("SIGILL_QA_POLICY_ARC", SIGILL_POLICY_ARC)
SIGILL_PKCS11_MODULE = config.text("SIGILL_PKCS11_MODULE", "/usr/lib/softhsm/libsofthsm2.so")
SIGILL_TOKEN_LABEL = config.text("SIGILL_TOKEN_LABEL", "sigill-ca")
# The folder of the sockets that nginx asks (rp.sock, mtls.sock), where its user is another than ours: it lets
# nginx's group in and gives it to what is made there (2750). Unset: beside the others, for ourselves alone.
SIGILL_NGINX_SOCKETS = Path(config.text("SIGILL_NGINX_SOCKETS", str(SIGILL_RUN)))
SIGILL_SIGNER_SOCKET = SIGILL_RUN / "signer.sock"
# The last day on which the old portal's reports may be read (REP-4); then they are deleted. Unset: no end.
SIGILL_OLD_REPORTS_UNTIL = config.day("SIGILL_OLD_REPORTS_UNTIL")
# Somebody else's time-stamp authority (RFC 3161) for the seal of reports and receipts, and a PEM file with
# the roots under which it is believed. Unset: our own stamps.
SIGILL_TSA_URL = config.text("SIGILL_TSA_URL", "")
SIGILL_TSA_ROOTS = config.text("SIGILL_TSA_ROOTS", "")
if bool(SIGILL_TSA_URL) is not bool(SIGILL_TSA_ROOTS):
    raise config.ConfigurationError("SIGILL_TSA_URL and SIGILL_TSA_ROOTS are set together or not at all")
SIGILL_OCSP_STORE = SIGILL_HOME / "ocsp" / "lmdb"
# Days for which OCSP still tells the status of what has ended, and says so in its answers (archive cutoff).
SIGILL_OCSP_RETENTION_DAYS = config.number("SIGILL_OCSP_RETENTION_DAYS", 0)
# redis://, rediss:// or unix://: the publisher writes there, and each machine's folder follows it.
SIGILL_OCSP_STORE_URL = config.text("SIGILL_OCSP_STORE", "")
SIGILL_LEDGER = SIGILL_HOME / "ledger" / "revocations.log"

# --- ACME (functioncerts/acme/README.md) --------------------------------------------------------------
# What stands in its directory: behind another name or port than the portal's own, that one.
SIGILL_ACME_URL = config.text("SIGILL_ACME_URL", f"{SIGILL_PORTAL_URL}/acme").rstrip("/")
# External account keys and nonces are made of it; who has it can make both.
SIGILL_ACME_MASTER = config.secret_file(SIGILL_SECRETS / "acme-master")
# Whom the worker asks about names (address or address:port; none: the system's resolvers), which networks
# besides public addresses it may go to for http-01, on which port, and how often it looks before it gives up.
SIGILL_ACME_RESOLVERS = config.listed("SIGILL_ACME_RESOLVERS")
SIGILL_ACME_NETWORKS = config.networks("SIGILL_ACME_NETWORKS")
SIGILL_ACME_HTTP_PORT = config.port("SIGILL_ACME_HTTP_PORT", 80)
SIGILL_ACME_ATTEMPTS = config.number("SIGILL_ACME_ATTEMPTS", 3)
# What one account may ask for in an hour, and how often in an hour one name may fail.
SIGILL_ACME_ORDERS_PER_HOUR = config.number("SIGILL_ACME_ORDERS_PER_HOUR", 60)
SIGILL_ACME_FAILURES_PER_HOUR = config.number("SIGILL_ACME_FAILURES_PER_HOUR", 5)
# For how many days a name that was shown is not asked about again; and for how many it counts for ACME too
# that the organization itself showed its right to the name by DNS or HTTP (0: each account shows it itself).
SIGILL_ACME_AUTHORIZATION_DAYS = config.number("SIGILL_ACME_AUTHORIZATION_DAYS", 7)
SIGILL_ACME_VALIDATION_COUNTS_DAYS = config.number("SIGILL_ACME_VALIDATION_COUNTS_DAYS", 0)

# --- Registers: their addresses, and how a synchronization may behave (design.md decision 9) -----------
SIGILL_HSA_LOGICAL_ADDRESS = config.text("SIGILL_HSA_LOGICAL_ADDRESS", "SE165565594230-1000")
SIGILL_PU_LOGICAL_ADDRESS = config.text("SIGILL_PU_LOGICAL_ADDRESS", "SE165565594230-1000")
# "unrestricted" takes good cause; "restricted" tells less of protected people.
SIGILL_PU_CONTRACT = config.text("SIGILL_PU_CONTRACT", "unrestricted")
# File orders at PU: where, if not beside its SOAP services, and from how many people on (0: never).
SIGILL_PU_FILES_URL = config.text("SIGILL_PU_FILES_URL", "")
SIGILL_PU_FILE_ORDERS_FROM = config.number("SIGILL_PU_FILE_ORDERS_FROM", 20_000)
# What order files are encrypted to: the card factory's function certificates (PEM, the newest is used), and
# the request of a factory that stands here.
SIGILL_FACTORY_CERTIFICATE = config.text(
    "SIGILL_FACTORY_CERTIFICATE", str(SIGILL_HOME / "factory" / "certificate.pem")
)
# The printer of PUK letters, where that is another house than the factory.
SIGILL_LETTER_CERTIFICATE = config.text("SIGILL_LETTER_CERTIFICATE", SIGILL_FACTORY_CERTIFICATE)
SIGILL_FACTORY_REQUEST = config.text("SIGILL_FACTORY_REQUEST", str(SIGILL_HOME / "factory" / "request.pem"))
# How we and the registers know each other where their addresses are https: PEM files, read when they change.
SIGILL_REGISTERS = SIGILL_HOME / "registers"
SIGILL_REGISTER_CERTIFICATE = config.text("SIGILL_REGISTER_CERTIFICATE", str(SIGILL_REGISTERS / "client.pem"))
SIGILL_REGISTER_KEY = config.text("SIGILL_REGISTER_KEY", SIGILL_REGISTER_CERTIFICATE)
SIGILL_REGISTER_AUTHORITIES = config.text(
    "SIGILL_REGISTER_AUTHORITIES", str(SIGILL_REGISTERS / "authorities.pem")
)
SIGILL_REGISTER_DEADLINE_SECONDS = config.number("SIGILL_REGISTER_DEADLINE_SECONDS", 15)
SIGILL_HSA_PAUSE_MILLISECONDS = config.number("SIGILL_HSA_PAUSE_MILLISECONDS", 50)
SIGILL_SYNC_COMPLETE_READS = config.number("SIGILL_SYNC_COMPLETE_READS", 3)
SIGILL_SYNC_CAP_PERSONS = config.number("SIGILL_SYNC_CAP_PERSONS", 20)
SIGILL_SYNC_CAP_PER_MILLE = config.number("SIGILL_SYNC_CAP_PER_MILLE", 5)
SIGILL_ROLE_UNUSED_DAYS = config.number("SIGILL_ROLE_UNUSED_DAYS", 90)
# Over how long what one person revokes in bulk counts together; how long a role waits for its second person.
SIGILL_BULK_WINDOW_HOURS = config.number("SIGILL_BULK_WINDOW_HOURS", 24)
SIGILL_APPOINTMENT_DAYS = config.number("SIGILL_APPOINTMENT_DAYS", 14)
# How many cards one person orders for several at once, within that time, before another person approves.
SIGILL_BULK_ORDER_ALONE = config.number("SIGILL_BULK_ORDER_ALONE", 100)
# Photos and signatures for cards: days after the card was sent, and hours without an order (POR-17).
SIGILL_PICTURE_DAYS = config.number("SIGILL_PICTURE_DAYS", 30)
SIGILL_FACTORY_FILE_DAYS = config.number("SIGILL_FACTORY_FILE_DAYS", 400)
SIGILL_PICTURE_UNUSED_HOURS = config.number("SIGILL_PICTURE_UNUSED_HOURS", 24)
SIGILL_ORDER_OUTDATED_DAYS = config.number("SIGILL_ORDER_OUTDATED_DAYS", 60)

# --- Jobs ------------------------------------------------------------------------------------------
SIGILL_BROKER_URL = config.text("SIGILL_BROKER_URL", "memory://")
SIGILL_JOURNAL_ORIGIN = config.text("SIGILL_JOURNAL_ORIGIN", f"sigill.{SIGILL_ENVIRONMENT.lower()}/journal")
# How long the journal says who (domain.md 7.3): counted from the end of a person's last certificate; what is
# known of nobody (addresses of failed logins) in months. What is erased is also told outside the database.
SIGILL_RETENTION_YEARS = config.number("SIGILL_RETENTION_YEARS", 10)
SIGILL_RETENTION_LONGEST_CERTIFICATE_YEARS = config.number("SIGILL_RETENTION_LONGEST_CERTIFICATE_YEARS", 5)
SIGILL_RETENTION_TECHNICAL_MONTHS = config.number("SIGILL_RETENTION_TECHNICAL_MONTHS", 18)
SIGILL_ERASURES = SIGILL_HOME / "ledger" / "erasures.log"
# Closed segments of the journal are copied to files of so many rows, so many days after their last row.
SIGILL_ARCHIVE_ROWS = config.number("SIGILL_ARCHIVE_ROWS", 16_384)
SIGILL_ARCHIVE_AFTER_DAYS = config.number("SIGILL_ARCHIVE_AFTER_DAYS", 30)
# The worker tells the journal its settings without knowing the portal: by path.
SIGILL_CONFIGURATION_TELLER = "portal.told_settings.tell_configuration"
# How long an entry may wait for its place in the tree and for a signed head before privileged acts stop.
SIGILL_JOURNAL_SEQUENCING_LIMIT_SECONDS = config.number("SIGILL_JOURNAL_SEQUENCING_LIMIT_SECONDS", 120)
SIGILL_JOURNAL_SIGNING_LIMIT_SECONDS = config.number("SIGILL_JOURNAL_SIGNING_LIMIT_SECONDS", 600)
# The worker ends sessions without knowing the portal: by path.
SIGILL_SESSION_ENDERS = {
    "certificates": "portal.accounts.ended_sessions.end_for_certificates",
    "cards": "portal.accounts.ended_sessions.end_for_cards",
    "time": "portal.accounts.sessions.end_overdue_sessions",
}

# The worker tells the journal how many refusals were not told one by one: by path.
SIGILL_REFUSALS_TELLER = "portal.refusal_sums.tell_sums"

# --- Login -----------------------------------------------------------------------------------------
AUTHN_CARD_STATE = "cards.selectors.is_card_active"
AUTHN_MOBILE_STATE = "cards.mobile.selectors.is_mobile_active"
SIGILL_RP_ID = config.text("SIGILL_RP_ID", "SE0000000000-SIGILL")
SIGILL_PORTAL_NAME = config.text("SIGILL_PORTAL_NAME", "Sigill")
AUTHN_CLIENT_LEAST_VERSION = config.text("SIGILL_CLIENT_LEAST_VERSION", "1.0")
if os.environ.get("SIGILL_SERVER_SPKI_PINS"):
    # base64(SHA-256) of the TLS keys that clients may see, present and next; needed with https.
    AUTHN_SERVER_SPKI_PINS = tuple(os.environ["SIGILL_SERVER_SPKI_PINS"].split(","))
# Acts that people sign with their card before they are done (portal/signing/README.md).
SIGILL_STEP_UP = config.text("SIGILL_STEP_UP", "on") != "off"
# Roles that may be acted in after a login whose browser the card client could not open (VDI): the digits that
# are typed instead can be told on, so none may unless it is named here, as in "id_administrator auditor".
SIGILL_RETURN_CODE_ROLES = tuple(config.text("SIGILL_RETURN_CODE_ROLES", "").split())
SESSION_IDLE_SECONDS = config.number("SIGILL_SESSION_IDLE_SECONDS", 15 * 60)
SESSION_OWN_IDLE_SECONDS = config.number("SIGILL_SESSION_OWN_IDLE_SECONDS", 20 * 60)
SESSION_ABSOLUTE_SECONDS = config.number("SIGILL_SESSION_ABSOLUTE_SECONDS", 60 * 60)

# --- Django ----------------------------------------------------------------------------------------
SECRET_KEY = config.secret_file(SIGILL_SECRETS / "django-secret")
# Opens the keys under which the journal keeps personal data: whoever writes or reads the journal has it.
SIGILL_JOURNAL_MASTER = config.secret_file(SIGILL_SECRETS / "journal-master")
DEBUG = False
# The proxies right in front, by address or network: only they may say who asks, and whether over TLS.
# The portal speaks no TLS itself: where browsers come over HTTPS, one stands here if none is named.
SIGILL_TRUSTED_PROXIES = config.networks(
    "SIGILL_TRUSTED_PROXIES", "127.0.0.1,::1" if SIGILL_PORTAL_URL.startswith("https://") else ""
)
ALLOWED_HOSTS = config.text("SIGILL_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "csp",
    "journal",
    "directory",
    "ca",
    "ocsp",
    "cards",
    "cards.bulk",
    "functioncerts",
    "functioncerts.acme",
    "authn",
    "reports",
    "portal.accounts",
    "portal",
    "worker",
]

MIDDLEWARE = [
    "portal.proxies.ProxiesMiddleware",  # before all: from here on REMOTE_ADDR and the scheme are the asker's
    "portal.middleware.CorrelationMiddleware",  # outermost: whatever is recorded carries the request's id
    "portal.middleware.HeadersMiddleware",  # outermost: error pages carry the headers too
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.accounts.middleware.AccountsMiddleware",
    "portal.refusals.RefusalsMiddleware",  # knows who asked, and sees every answer
    "portal.protection.ProtectionMiddleware",  # asks for the reason before any page on a protected person
    "portal.middleware.ProblemMiddleware",  # innermost: a domain error becomes a page that explains it
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "portal" / "templates", BASE_DIR / "reports" / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "portal.pages.shell.shell",
            ],
        },
    }
]

DATABASES = {"default": config.database(os.environ.get("DATABASE_URL", ""), SIGILL_HOME / "db.sqlite3")}

LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", "Svenska"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
USE_TZ = True
TIME_ZONE = "Europe/Stockholm"

# What one process has seen, the others need not ask again; nothing here is worth a backup.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": SIGILL_RUN / "cache",
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = SIGILL_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "portal" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- What a browser is told ------------------------------------------------------------------------
_HTTPS = SIGILL_PORTAL_URL.startswith("https://")
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-sigill" if _HTTPS else "sigill"
SESSION_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
CSRF_COOKIE_NAME = "__Host-sigill-csrf" if _HTTPS else "sigill-csrf"
CSRF_COOKIE_SECURE = _HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.problems.stale_form"
CSRF_TRUSTED_ORIGINS = [SIGILL_PORTAL_URL]

# Mail: notices of recurring reports. Without a host none is sent.
EMAIL_HOST = config.text("SIGILL_SMTP_HOST", "")
EMAIL_PORT = config.port("SIGILL_SMTP_PORT", 25)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = config.text("SIGILL_MAIL_FROM", "sigill@localhost")
# SMS with the passwords of keys that are made here (functioncerts/smpp.py). Without a host no key is made.
SIGILL_SMS_HOST = config.text("SIGILL_SMS_HOST", "")
SIGILL_SMS_PORT = config.port("SIGILL_SMS_PORT", 2775)
SIGILL_SMS_TLS = config.text("SIGILL_SMS_TLS", "yes") == "yes"
SIGILL_SMS_SYSTEM_ID = config.text("SIGILL_SMS_SYSTEM_ID", "")
SIGILL_SMS_PASSWORD = config.text("SIGILL_SMS_PASSWORD", "")
SIGILL_SMS_SENDER = config.text("SIGILL_SMS_SENDER", "Sigill")
# Whose certificates are issued first after an outage: "function" (FC-7), "card", or empty: as they came.
SIGILL_ISSUE_FIRST = config.text("SIGILL_ISSUE_FIRST", "")
# Where the mail server lays what comes back to that address, as a maildir; empty: nobody looks.
SIGILL_BOUNCE_MAILDIR = config.text("SIGILL_BOUNCE_MAILDIR", "")
LANGUAGE_COOKIE_NAME = "sigill-language"
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # the proxy in front redirects to https, not the portal
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS
SECURE_HSTS_PRELOAD = _HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_MTLS_ORIGINS = (
    [SIGILL_MTLS_URL, SIGILL_MTLS_URL.replace("https://", "https://*.")] if SIGILL_MTLS_URL else []
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        # Bootstrap draws its icons as data: images.
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        # A form that begins a login is answered by ways over the login host and back.
        "form-action": ["'self'", *_MTLS_ORIGINS],
        "frame-ancestors": ["'none'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sigill",
    "DESCRIPTION": "Function certificates and their lifecycle.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "ENUM_NAME_OVERRIDES": {
        "FunctionOrderState": "functioncerts.states.FunctionOrderState",
        "FunctionObjectState": "functioncerts.states.FunctionObjectState",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"places": {"()": "portal.log_places.PlacesFilter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["places"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"weasyprint": {"level": "ERROR"}, "fontTools": {"level": "ERROR"}},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
# What is uploaded lies in memory or nowhere: no photo of anybody stays behind in a folder of temporary files.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 8_100_000
