"""The words by which people and units are found, in the order in which hits are shown: an index, no truth."""

from typing import ClassVar

from django.db import models


class SearchWord(models.Model):
    """A word that finds a person or a unit within one organization. The database writes it: ``search_index``.

    ``key`` is bytes, which both databases order alike, so that the beginning of a word is a range: a letter
    for the kind (``n`` name, ``e`` e-mail, ``u`` unit), the folded word, 1, the name to order hits by, 1, and
    all words of the subject, each after a blank: a search for several needs no other column. Protected
    persons are not in here.
    """

    pk = models.CompositePrimaryKey("organization_id", "key", "subject_id")
    organization_id = models.UUIDField()
    key = models.BinaryField()
    subject_id = models.UUIDField()

    objects: ClassVar[models.Manager["SearchWord"]] = models.Manager()

    class Meta:
        """The primary key lists an organization's words in order; the index lists a subject's."""

        indexes: ClassVar = [models.Index(fields=["subject_id", "key"], name="search_words_of_a_subject")]

    def __str__(self) -> str:
        return str(self.subject_id)
