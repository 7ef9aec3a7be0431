"""How a backup or a restore says no: one plain sentence, and nothing was changed."""

from journal.errors import DomainError


class BackupRefused(DomainError):
    """The backup or restore is not done; the message says why and what to do."""

    code = "backup_refused"


class BackupDamaged(BackupRefused):
    """The file is not the backup that its manifest describes."""

    code = "backup_damaged"
